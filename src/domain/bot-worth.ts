// What is known of a bot's worth when it is paid back.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';

export type BotWorth = StoredOf<typeof WORTH>;
export const WORTH = Type.Union([
  /** Dollars: money, in the wallet's currency, as the bot has just answered. */
  Type.Object({ status: Type.Literal('live'), value: Type.Number() }),
  /** It could not be read: the stored value is paid, and declared as such. The reason holds no secret. */
  Type.Object({ status: Type.Literal('not-live'), reason: Type.String() }),
  /** The stored value is the one that counts, and no bot is asked. */
  Type.Object({ status: Type.Literal('stored') }),
]);
