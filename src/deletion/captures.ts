// What a deletion captures before it touches anything, and what its steps leave for later ones: the schemas are what a newer
// program reads the log by, and the types are theirs.

import { type StoredOf, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import { OBSERVED_BOT } from '../domain/bot.ts';
import { WORTH } from '../domain/bot-worth.ts';
import { OWNED_ENTRY } from '../pool-state/owned-entry.ts';
import { RECEIPT } from '../wallet/receipts.ts';
import { OUTCOMES } from './platform-memory.ts';

const TEXT = Type.String();
const NUMBER_OR_NULL = Type.Union([Type.Number(), Type.Null()]);
const ACCOUNT = Type.Union([Type.Literal('there'), Type.Literal('gone')]);

export const ALLOCATION = Type.Object({
  account: ACCOUNT,
  /** Whether the wallet held the bot: the difference between "vanished" and "never there". */
  hadAllocation: Type.Boolean(),
  incarnationId: TEXT,
  botName: TEXT,
  /** When it was read, database time, ms: payments that the platform has made since are told from older rows by it. */
  readAtMs: Type.Number(),
  /** Dollars; null when there was nothing, or nothing that is money. */
  allocatedAmount: NUMBER_OR_NULL,
  /** Dollars as read; null when there was nothing, or nothing that is money. */
  value: NUMBER_OR_NULL,
  notMoney: Type.Union([Type.Object({ field: TEXT, found: TEXT }), Type.Null()]),
  /** Set when this incarnation was settled before: it came back with an old copy, and is not paid again. */
  settledBy: Type.Union([TEXT, Type.Null()]),
});
export type AllocationCapture = StoredOf<typeof ALLOCATION>;

export const BOT = Type.Object({
  /** The containers and programs that are this bot. */
  observedBots: Type.Array(OBSERVED_BOT),
  /** Those of the same id that belong to another user, or whose owner is not known: never touched. */
  foreign: Type.Array(TEXT),
  /** Why hosts that may hold more of it did not answer. Missing where all did. */
  unobserved: Type.Optional(Type.Array(TEXT)),
});
export type BotCapture = StoredOf<typeof BOT>;

/** What locking the allocation left. */
export const LOCK = Type.Object({
  /** The value that is paid if the one that is found turns out overwritten. */
  lockedValue: NUMBER_OR_NULL,
  /** Whether Docker had answered by then, so that the tombstone knows the bot's containers. */
  sawBot: Type.Boolean(),
  /** What the bot said that it is worth. */
  worth: Type.Optional(WORTH),
});
export type LockValue = StoredOf<typeof LOCK>;

const GAVE_UP = Type.Object({ gaveUp: Type.Boolean() });

/** What stopping the bot left: when it was observed at rest, by the monotonic clock of that claim's process, or that the
 * policy gave it up. */
export const STOP = Type.Union([
  Type.Object({
    observedAtRestMs: Type.Number(),
    epoch: Type.Number(),
    /** What the bot said right before it was stopped; missing where the stop was only observed. */
    worth: Type.Optional(WORTH),
    /** Containers that were made in the place of captured ones, and stopped too. */
    replacements: Type.Optional(Type.Array(OBSERVED_BOT)),
  }),
  GAVE_UP,
]);
export type StopValue = StoredOf<typeof STOP>;

/** That the policy gave the pool state up; no result where the entry was taken out. */
export const POOL = GAVE_UP;
export type GaveUp = StoredOf<typeof GAVE_UP>;

/** What the pivot left. */
export const REFUND = Type.Object({
  account: ACCOUNT,
  receipt: Type.Union([Type.Null(), RECEIPT]),
  /** Containers that were made in the place of known ones, and stopped before the payment. */
  replacements: Type.Optional(Type.Array(OBSERVED_BOT)),
  /** The bot did not stay stopped until its payment, and the policy gave it up. */
  gaveUp: Type.Optional(Type.Boolean()),
});
export type RefundValue = StoredOf<typeof REFUND>;

/** What the removal left, where a platform is configured. */
export const REMOVAL = Type.Object({
  platform: Type.Enum([...OUTCOMES]),
});
export type RemoveValue = StoredOf<typeof REMOVAL>;

/** For readers of a saga's record. */
export const ALLOCATION_CAPTURE = stored('capture of the allocation', ALLOCATION);
export const BOT_CAPTURE = stored('capture of the bot', BOT);
export const POOL_CAPTURE = stored('capture of the pool entry', OWNED_ENTRY);
export const LOCK_VALUE = stored('lock of the allocation', LOCK);
export const REFUND_VALUE = stored('outcome of the refund', REFUND);
