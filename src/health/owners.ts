// Whose bots they are: the pool state names users by firebaseUid or by `_id`, sagas and wallets by `_id`.

import type { BotOwner } from '../pool-state/ownership.ts';

export interface Owners {
  /** By the requested name. A name that no user has, or two users, is missing. */
  find(names: readonly string[]): Promise<ReadonlyMap<string, BotOwner>>;
}
