// What a deletion captures before it touches anything, and what its steps leave for later ones.

import { stored } from '@reclaim/saga';
import { Type } from 'typebox';
import type { ObservedBot } from '../domain/bot.ts';
import type { BotWorth } from '../domain/bot-worth.ts';
import type { OwnedEntry } from '../pool-state/owned-entry.ts';
import type { Receipt } from '../wallet/wallets.ts';
import type { PlatformOutcome } from './platform-memory.ts';

export interface AllocationCapture {
  readonly account: 'there' | 'gone';
  /** Whether the wallet held the bot: the difference between "vanished" and "never there". */
  readonly hadAllocation: boolean;
  readonly incarnationId: string;
  readonly botName: string;
  /** When it was read, database time, ms: what the platform has paid since is told from older rows by it. */
  readonly readAtMs: number;
  /** Dollars; null when there was nothing, or nothing that is money. */
  readonly allocatedAmount: number | null;
  /** Dollars as read; null when there was nothing, or nothing that is money. */
  readonly value: number | null;
  readonly notMoney: { readonly field: string; readonly found: string } | null;
  /** Set when this life was settled before: it came back with an old copy, and is not paid again. */
  readonly settledBy: string | null;
}

export interface BotCapture {
  /** The containers and programs that are this bot. */
  readonly observedBots: readonly ObservedBot[];
  /** Those of the same id that belong to somebody else, or to nobody who is known: never touched. */
  readonly foreign: readonly string[];
  /** Why hosts that may hold more of it did not answer. Missing where all did, and where a worker of the release before
   * stored it, which waited for all of them. */
  readonly unobserved?: readonly string[];
}

/** What locking the allocation left: the value that is paid if the found one turns out overwritten. */
export interface LockValue {
  readonly lockedValue: number | null;
  /** Whether Docker had answered by then, so that the tombstone knows the bot's containers. */
  readonly sawBot: boolean;
  /** What the bot said that it is worth. */
  readonly worth?: BotWorth;
}

/** What stopping the bot left: when it was seen at rest, by the monotonic clock of that claim's process, or that
 * the policy gave it up. */
export type StopValue =
  /** `epoch` is missing where a worker of the release before stored it. */
  | {
      readonly observedAtRestMs: number;
      readonly epoch?: number;
      /** What the bot said right before it was stopped; missing where the stop was only observed. */
      readonly worth?: BotWorth;
    }
  | { readonly gaveUp: boolean };

/** What the pivot left. */
export interface RefundValue {
  readonly receipt: Receipt | null;
  readonly account: 'there' | 'gone';
}

/** What the removal left, where a platform is configured. */
export interface RemoveValue {
  readonly platform: PlatformOutcome;
}

const TEXT = Type.String();
const WORTH = Type.Union([
  Type.Object({ status: Type.Literal('live'), value: Type.Number() }),
  Type.Object({ status: Type.Literal('not-live'), reason: TEXT }),
  Type.Object({ status: Type.Literal('stored') }),
]);
const NUMBER_OR_NULL = Type.Union([Type.Number(), Type.Null()]);
const LABELS = Type.Object({
  instanceId: Type.Optional(TEXT),
  userId: Type.Optional(TEXT),
  poolId: Type.Optional(TEXT),
});
const OBSERVED_BOT = Type.Union([
  Type.Object({
    kind: Type.Literal('dedicated'),
    host: TEXT,
    containerId: TEXT,
    containerName: TEXT,
    labels: LABELS,
    running: Type.Boolean(),
    paused: Type.Boolean(),
    restartPolicy: TEXT,
    stopSeconds: Type.Optional(Type.Number()),
    autoRemove: Type.Optional(Type.Literal(true)),
  }),
  Type.Object({
    kind: Type.Literal('pooled'),
    host: TEXT,
    containerId: TEXT,
    containerName: TEXT,
    labels: LABELS,
    poolRunning: Type.Boolean(),
    conf: TEXT,
    program: TEXT,
    programs: Type.Array(Type.Object({ name: TEXT, state: TEXT })),
    entangled: Type.Optional(TEXT),
    stopSeconds: Type.Optional(Type.Number()),
  }),
]);

export const ALLOCATION_CAPTURE = stored<AllocationCapture>(
  'capture of the allocation',
  Type.Object({
    account: Type.Union([Type.Literal('there'), Type.Literal('gone')]),
    hadAllocation: Type.Boolean(),
    incarnationId: TEXT,
    botName: TEXT,
    readAtMs: Type.Number(),
    allocatedAmount: NUMBER_OR_NULL,
    value: NUMBER_OR_NULL,
    notMoney: Type.Union([Type.Object({ field: TEXT, found: TEXT }), Type.Null()]),
    settledBy: Type.Union([TEXT, Type.Null()]),
  }),
);

export const BOT_CAPTURE = stored<BotCapture>(
  'capture of the bot',
  Type.Object({
    observedBots: Type.Array(OBSERVED_BOT),
    foreign: Type.Array(TEXT),
    unobserved: Type.Optional(Type.Array(TEXT)),
  }),
);

export const POOL_CAPTURE = stored<OwnedEntry>(
  'capture of the pool entry',
  Type.Object({
    entry: Type.Union([
      Type.Null(),
      Type.Object({
        mapping: Type.Union([Type.Null(), Type.Record(TEXT, Type.Unknown())]),
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
  }),
);

export const LOCK_VALUE = stored<LockValue>(
  'lock of the allocation',
  Type.Object({
    lockedValue: NUMBER_OR_NULL,
    sawBot: Type.Boolean(),
    worth: Type.Optional(WORTH),
  }),
);

export const STOP_VALUE = stored<StopValue>(
  'outcome of the stop',
  Type.Union([
    Type.Object({
      observedAtRestMs: Type.Number(),
      epoch: Type.Optional(Type.Number()),
      worth: Type.Optional(WORTH),
    }),
    Type.Object({ gaveUp: Type.Boolean() }),
  ]),
);

export const REFUND_VALUE = stored<RefundValue>(
  'outcome of the refund',
  Type.Object({
    account: Type.Union([Type.Literal('there'), Type.Literal('gone')]),
    receipt: Type.Union([
      Type.Null(),
      Type.Object({
        opId: TEXT,
        userId: TEXT,
        instanceId: TEXT,
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
        valueSource: Type.Optional(Type.Union([Type.Literal('bot'), Type.Literal('stored')])),
        notLive: Type.Optional(TEXT),
        paidBy: Type.Optional(Type.Literal('platform')),
      }),
    ]),
  }),
);

export const REMOVE_VALUE = stored<RemoveValue>(
  'outcome of the removal',
  Type.Object({ platform: TEXT }),
);
