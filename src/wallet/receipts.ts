// What a write of money leaves behind: enough to post its ledger entry if a legacy writer erases the row. Stored in the
// logs of sagas, so that the schemas are what a newer program reads them by.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';
import { INSTANCE_ID, USER_ID } from '../domain/id-schemas.ts';

const TEXT = Type.String();

/** Of a reservation. */
export type Reservation = StoredOf<typeof RESERVATION>;
export const RESERVATION = Type.Object({
  opId: TEXT,
  userId: USER_ID,
  instanceId: INSTANCE_ID,
  /** The incarnation id: the allocation's `allocatedAt`, ISO 8601, database time. */
  incarnationId: TEXT,
  botName: TEXT,
  /** Integer cents taken from the balance, above 0. */
  amountMinor: Type.Integer(),
  /** Dollars, for display. */
  previousBalance: Type.Number(),
  newBalance: Type.Number(),
  description: TEXT,
  /** Position in the user's own sequence of our writes. */
  seq: Type.Number(),
});

/** Of a settlement. */
export type Receipt = StoredOf<typeof RECEIPT>;
export const RECEIPT = Type.Object({
  opId: TEXT,
  userId: USER_ID,
  instanceId: INSTANCE_ID,
  /** The incarnation id; missing where only the embedded row is left. */
  incarnationId: Type.Optional(TEXT),
  botName: TEXT,
  /** Dollars, for display and for the platform's format; rounded to cents. */
  amount: Type.Number(),
  pnl: Type.Number(),
  previousBalance: Type.Number(),
  newBalance: Type.Number(),
  /** Integer cents. */
  amountMinor: Type.Number(),
  pnlMinor: Type.Number(),
  /** The unrounded value, as decimal text. */
  exactValue: TEXT,
  description: TEXT,
  /** Position in the user's own sequence of our writes. */
  seq: Type.Number(),
  /** ISO 8601, database time. */
  settledAt: TEXT,
  /** Set when currentValue had been overwritten and the locked value was paid instead: what was found. */
  overwrittenValue: Type.Optional(TEXT),
  /** The source of the amount, where the bot was to be asked; missing where the stored value counts. */
  valueSource: Type.Optional(Type.Enum(['bot', 'stored'])),
  /** Why the bot's own word was not to be had; missing where only the embedded row is left. */
  notLive: Type.Optional(TEXT),
  /** Set where the platform made the payment, and this program only found it. */
  paidBy: Type.Optional(Type.Literal('platform')),
});
