// What the steps of a deletion work with.

import { HoldError, type StepContext, toSagaId } from '@reclaim/saga';
import type { BotValuation } from '../../bots/bot-valuation.ts';
import type { Bots } from '../../bots/bots.ts';
import type { HostExpectations } from '../../bots/hosts/host-expectations.ts';
import type { ObservedBot } from '../../domain/bot.ts';
import type { BotWorth } from '../../domain/bot-worth.ts';
import { settlementOpId } from '../../domain/incarnation.ts';
import type { Findings } from '../../findings/findings.ts';
import { OWNED_ENTRY, type OwnedEntry } from '../../pool-state/owned-entry.ts';
import type { PoolStates } from '../../pool-state/pool-states.ts';
import {
  NOTHING_OBSERVED,
  type ObservedIncarnation,
  type Tombstones,
  type TombstoneTarget,
} from '../../tombstones/tombstones.ts';
import type { FindSagas } from '../../wallet/closed-sagas.ts';
import type { Ledger } from '../../wallet/ledger.ts';
import type { LockTarget, SettleCommand, Wallets } from '../../wallet/wallets.ts';
import {
  type AllocationCapture,
  BOT,
  type BotCapture,
  type GaveUp,
  type LockValue,
  type RefundValue,
  type StopValue,
} from '../captures.ts';
import type { DeleteBotInput } from '../delete-bot-input.ts';
import type { PlatformMemory } from '../platform-memory.ts';

export interface DeletionPorts {
  readonly wallets: Wallets;
  readonly ledger: Ledger;
  readonly tombstones: Tombstones;
  readonly poolStates: PoolStates;
  readonly bots: Bots;
  readonly valuation: BotValuation;
  readonly findings: Findings;
  readonly hostExpectations: HostExpectations;
  /** PLATFORM_URL; null: there is none to inform. */
  readonly platform: PlatformMemory | null;
  readonly findSagas: FindSagas;
}

/** The names under which the steps store what they captured and left. */
export const STEP = {
  lock: 'lock-allocation',
  stop: 'stop-container',
  pool: 'update-pool-state',
  refund: 'refund-wallet',
  post: 'write-transaction',
  remove: 'remove-container',
} as const;

/** What the steps of a deletion and of a reclaiming are called with: a reclaiming has no bot to stop, and what a step
 * before has captured or left may not be there yet. */
export type DeletionCall = StepContext<DeleteBotInput, DeletionCaptures, DeletionResults>;

export interface DeletionCaptures {
  readonly [STEP.lock]?: AllocationCapture;
  readonly [STEP.stop]?: BotCapture;
  readonly [STEP.pool]?: OwnedEntry;
}

export interface DeletionResults {
  readonly [STEP.lock]?: LockValue;
  readonly [STEP.stop]?: StopValue;
  readonly [STEP.pool]?: GaveUp;
  readonly [STEP.refund]?: RefundValue;
}

/** The lock's step knows of bot and entry what could be read: the tombstone and the findings name it. */
export const LATER_CAPTURES = { [STEP.stop]: BOT, [STEP.pool]: OWNED_ENTRY } as const;

/** A step's call with everything typed that the steps share. */
export interface DeletionContext {
  readonly input: DeleteBotInput;
  readonly allocation: AllocationCapture;
  readonly lockTarget: LockTarget;
  readonly tombstone: TombstoneTarget;
  readonly settlement: SettleCommand;
}

/** @throws HoldError LOG_UNREADABLE; callable from the moment the allocation was captured. */
export function contextOf(call: DeletionCall): DeletionContext {
  const { input } = call;
  const { userId, instanceId } = input;
  const allocation = capturedAllocation(call);
  const lock = call.results[STEP.lock];
  const sagaId = toSagaId(call.sagaId);
  const { epoch } = call;
  const { worth, isLastWord } = knownWorth(call);
  const incarnation = { userId, instanceId, incarnationId: allocation.incarnationId };
  const lockTarget = { userId, instanceId, sagaId, epoch };
  const settlement = {
    ...lockTarget,
    incarnation,
    opId: settlementOpId(incarnation),
    botName: allocation.botName,
    lockedValue:
      worth.status === 'live' ? worth.value : (lock?.lockedValue ?? allocation.value ?? 0),
    ...(worth.status !== 'stored' && { worth }),
    ...(worth.status === 'live' && !isLastWord && { lockMayBeNewer: true as const }),
    reason: input.orphan === undefined ? ('deleted' as const) : ('orphaned' as const),
  };
  return { input, allocation, lockTarget, tombstone: { incarnation, sagaId, epoch }, settlement };
}

/** @throws HoldError LOG_UNREADABLE: the log has lost it, and without it nothing is known of the money. */
export function capturedAllocation({ captures }: DeletionCall): AllocationCapture {
  const allocation = captures[STEP.lock];
  if (allocation !== undefined) return allocation;
  throw new HoldError('LOG_UNREADABLE', `the log holds no capture of ${STEP.lock}`);
}

/** What the bot has said that it is worth: the newest live answer, else why there is none. The log may have lost the
 * answer that was given at the stop: then the answer of the lock's step is not the last word. */
function knownWorth({ results }: DeletionCall): { worth: BotWorth; isLastWord: boolean } {
  const stop = results[STEP.stop];
  const atStop = stop !== undefined && 'worth' in stop ? stop.worth : undefined;
  const atLock = results[STEP.lock]?.worth;
  if (atStop?.status === 'live') return { worth: atStop, isLastWord: true };
  if (atLock?.status === 'live') return { worth: atLock, isLastWord: false };
  return { worth: atStop ?? atLock ?? { status: 'stored' }, isLastWord: false };
}

/** The bot as captured; null while Docker could not be asked. */
export function capturedBot({ captures }: DeletionCall): BotCapture | null {
  return captures[STEP.stop] ?? null;
}

/** What was captured, and what was found in its place since. */
export function knownBots(call: DeletionCall): readonly ObservedBot[] {
  const { [STEP.stop]: stop, [STEP.refund]: refund } = call.results;
  const stopped = stop !== undefined && 'observedAtRestMs' in stop ? stop.replacements : [];
  const captured = capturedBot(call)?.observedBots ?? [];
  return [...captured, ...(stopped ?? []), ...(refund?.replacements ?? [])];
}

/** What a tombstone is to know of it. */
export function observedOf(call: DeletionCall): ObservedIncarnation {
  const captured = capturedBot(call);
  if (captured === null) return NOTHING_OBSERVED;
  const { unobserved = [] } = captured;
  return { observedBots: knownBots(call), observedInPart: unobserved.length > 0 };
}

/** Whether this saga has observed the bot at rest: what is at rest does not run again by itself. */
export function wasObservedAtRest(call: DeletionCall): boolean {
  return call.results[STEP.stop] !== undefined && !hasGivenUpStop(call);
}

/** Whether the policy gave the stop up, in its step or before the payment: then the tombstone waits for Docker, and the
 * deletion does not. */
export function hasGivenUpStop({ results }: DeletionCall): boolean {
  const { [STEP.stop]: stop, [STEP.refund]: refund } = results;
  return (stop !== undefined && 'gaveUp' in stop) || refund?.gaveUp === true;
}

/** Whether it gave the pool state up: then the entry is the tombstone's to take out. */
export function hasGivenUpPool({ results }: DeletionCall): boolean {
  return results[STEP.pool] !== undefined;
}

/** Retries of work in MongoDB: short, because the database answers or is away. */
export const MONEY_RETRY = { attempts: 50, baseMs: 50, capMs: 2_000 } as const;
export const MONEY_TIMEOUT_MS = 20_000;
/** The money has moved: nothing but a disagreement may keep its entry from being written. */
export const POST_RETRY = { attempts: 1_000, baseMs: 50, capMs: 5_000 } as const;

/** Stopping and the pool state go on until the policy's deadline decides, not until a count is used up. */
export const UNTIL_DEADLINE = { attempts: 100_000, baseMs: 100, capMs: 3_000 } as const;

/** Undoing matters more than doing: its budget outlasts an afternoon of trouble. */
export const UNDO_RETRY = { attempts: 200, baseMs: 200, capMs: 30_000 } as const;
