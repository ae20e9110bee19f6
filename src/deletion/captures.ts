// What a deletion captures before it touches anything, and what its steps leave for later ones: the schemas are what a newer
// program reads the log by, and the types are theirs.

import { type StoredOf, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import { INSTANCE_ID, USER_ID } from '../domain/id-schemas.ts';
import type { BotMapping } from '../pool-state/pool-state.ts';

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

const LABELS = Type.Object({
  instanceId: Type.Optional(TEXT),
  userId: Type.Optional(TEXT),
  poolId: Type.Optional(TEXT),
});
const DEDICATED = Type.Object({
  kind: Type.Literal('dedicated'),
  host: TEXT,
  containerId: TEXT,
  containerName: TEXT,
  labels: LABELS,
  running: Type.Boolean(),
  paused: Type.Boolean(),
  restartPolicy: TEXT,
  byLabelAlone: Type.Optional(Type.Literal(true)),
  stopSeconds: Type.Optional(Type.Number()),
  autoRemove: Type.Optional(Type.Literal(true)),
});
const PROGRAM_STATE = Type.Enum([
  'STOPPED',
  'STARTING',
  'RUNNING',
  'BACKOFF',
  'STOPPING',
  'EXITED',
  'FATAL',
]);
const POOLED = Type.Object({
  kind: Type.Literal('pooled'),
  host: TEXT,
  containerId: TEXT,
  containerName: TEXT,
  labels: LABELS,
  poolRunning: Type.Boolean(),
  conf: Type.Enum(['present', 'aside', 'gone']),
  program: Type.Union([PROGRAM_STATE, Type.Literal('absent')]),
  programs: Type.Array(Type.Object({ name: TEXT, state: PROGRAM_STATE })),
  entangled: Type.Optional(TEXT),
  stopSeconds: Type.Optional(Type.Number()),
});

export const BOT = Type.Object({
  /** The containers and programs that are this bot. */
  observedBots: Type.Array(Type.Union([DEDICATED, POOLED])),
  /** Those of the same id that belong to another user, or whose owner is not known: never touched. */
  foreign: Type.Array(TEXT),
  /** Why hosts that may hold more of it did not answer. Missing where all did, and where a worker of the release before
   * stored it, which waited for all of them. */
  unobserved: Type.Optional(Type.Array(TEXT)),
});
export type BotCapture = StoredOf<typeof BOT>;

/** As the platform wrote it, its unknown fields included: it is put back as it was. */
const MAPPING = Type.Unsafe<BotMapping>(Type.Record(TEXT, Type.Unknown()));

export const POOL_ENTRY = Type.Object({
  entry: Type.Union([
    Type.Null(),
    Type.Object({
      mapping: Type.Union([Type.Null(), MAPPING]),
      memberships: Type.Array(Type.Object({ poolId: TEXT, position: Type.Number() })),
    }),
  ]),
  slot: Type.Union([
    Type.Null(),
    Type.Object({
      poolId: TEXT,
      containerName: TEXT,
      slotIndex: Type.Number(),
      port: Type.Number(),
      dockerHost: Type.Optional(TEXT),
      placedAt: Type.Optional(TEXT),
    }),
  ]),
  hasForeign: Type.Boolean(),
});
export type PoolEntryCapture = StoredOf<typeof POOL_ENTRY>;

const WORTH = Type.Union([
  Type.Object({ status: Type.Literal('live'), value: Type.Number() }),
  Type.Object({ status: Type.Literal('not-live'), reason: TEXT }),
  Type.Object({ status: Type.Literal('stored') }),
]);

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
    /** Missing where a worker of the release before stored it. */
    epoch: Type.Optional(Type.Number()),
    /** What the bot said right before it was stopped; missing where the stop was only observed. */
    worth: Type.Optional(WORTH),
  }),
  GAVE_UP,
]);
export type StopValue = StoredOf<typeof STOP>;

/** That the policy gave the pool state up; no result where the entry was taken out. */
export const POOL = GAVE_UP;
export type GaveUp = StoredOf<typeof GAVE_UP>;

const RECEIPT = Type.Object({
  opId: TEXT,
  userId: USER_ID,
  instanceId: INSTANCE_ID,
  incarnationId: Type.Optional(TEXT),
  botName: TEXT,
  amount: Type.Number(),
  pnl: Type.Number(),
  previousBalance: Type.Number(),
  newBalance: Type.Number(),
  amountMinor: Type.Number(),
  pnlMinor: Type.Number(),
  exactValue: TEXT,
  description: TEXT,
  seq: Type.Number(),
  settledAt: TEXT,
  overwrittenValue: Type.Optional(TEXT),
  valueSource: Type.Optional(Type.Enum(['bot', 'stored'])),
  notLive: Type.Optional(TEXT),
  paidBy: Type.Optional(Type.Literal('platform')),
});

/** What the pivot left. */
export const REFUND = Type.Object({
  account: ACCOUNT,
  receipt: Type.Union([Type.Null(), RECEIPT]),
});
export type RefundValue = StoredOf<typeof REFUND>;

/** What the removal left, where a platform is configured. */
export const REMOVAL = Type.Object({
  platform: Type.Enum([
    'informed',
    'unknown-there',
    'withheld',
    'refused',
    'redirected',
    'failed',
    'unreachable',
    'no-answer',
  ]),
});
export type RemoveValue = StoredOf<typeof REMOVAL>;

/** For readers of a saga's record. */
export const ALLOCATION_CAPTURE = stored('capture of the allocation', ALLOCATION);
export const BOT_CAPTURE = stored('capture of the bot', BOT);
export const POOL_CAPTURE = stored('capture of the pool entry', POOL_ENTRY);
export const LOCK_VALUE = stored('lock of the allocation', LOCK);
export const REFUND_VALUE = stored('outcome of the refund', REFUND);
