// Runs one saga under one claim: decide, execute, store, and again, until it ends, is stuck, sleeps or
// another worker takes over. I5: nothing is executed before the claim, and nothing is stored that the log
// does not find this claim on. What must have landed in the log before the next command is the journal's
// business.

import { randomUUID } from 'node:crypto';
import { assertNever } from '../assert-never.ts';
import {
  FencedError,
  HoldError,
  InterruptedError,
  TerminalError,
  UnavailableError,
} from '../errors.ts';
import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import {
  type Claim,
  FIRST_EPOCH,
  type FirstClaim,
  MAX_PARK_MS,
  type SagaLog,
} from '../log/saga-log.ts';
import type { SagaEvent } from '../machine/events.ts';
import { apply, decide } from '../machine/machine.ts';
import { initialState, isAtRest, type SagaState } from '../machine/state.ts';
import type { RegisteredSaga, Registry } from '../registry.ts';
import type { SagaId } from '../saga-id.ts';
import { outageDelayMs } from './backoff.ts';
import { type Clock, isWithin } from './clock.ts';
import type { Cohorts } from './cohorts.ts';
import { pause } from './deadline.ts';
import { capturesWithoutReading } from './execute.ts';
import {
  createJournal,
  describeEvent,
  type JournalOptions,
  PROOF_ANSWER_MS,
  type Transition,
} from './journal.ts';
import type { Leases } from './lease-keeper.ts';
import { insteadOf } from './refused-events.ts';
import { createShares, type ParkedSaga, type Shares } from './shares.ts';
import { createSlots, type Slots } from './slots.ts';
import { executeTraced } from './traced.ts';
import type { Tracer } from './tracer.ts';
import { createWaitsInPlace } from './waits-in-place.ts';

export interface Runner {
  run(sagaId: SagaId, control: RunControl): Promise<RunOutcome>;
  /** A slot for a saga that this process is about to accept, which is claimed by its acceptance then. Null: no room. */
  reserve(registered: RegisteredSaga, input: Json): Reservation | null;
}

/** A slot, held until it is used or given up. */
export interface Reservation {
  readonly claim: FirstClaim;
  /** The state that the saga is accepted in. */
  readonly state: SagaState;
  /** Runs the saga, which was accepted under this claim. */
  run(accepted: Accepted, control: RunControl): Promise<RunOutcome>;
  giveUp(): void;
}

export interface Accepted {
  readonly saga: SagaRecord;
  readonly claim: Claim;
  /** By this process's monotonic clock: the acceptance proves the claim as of then. */
  readonly sentAtMs: number;
}

export interface RunControl {
  /** The claim's wake-up was lost: stop at once, in the middle of a step if need be. */
  readonly signal: AbortSignal;
  /** The worker is draining: stop at the next step boundary. */
  readonly isDraining: () => boolean;
}

export type RunOutcome =
  | { readonly status: 'at-rest'; readonly saga: SagaRecord | null }
  /** Give the slot back and come again at this moment (database time, ms). */
  | { readonly status: 'later'; readonly atMs: number }
  /** Another worker has it: nothing to do here. */
  | { readonly status: 'fenced' }
  | { readonly status: 'no-such-version' };

export interface RunnerOptions extends JournalOptions {
  readonly log: SagaLog;
  readonly registry: Registry;
  readonly leases: Leases;
  readonly cohorts: Cohorts;
  /** Default: as many as come. */
  readonly slots?: Slots;
  /** Default: no shares, and every saga has room. */
  readonly shares?: Shares;
  /** Parked sagas that have room now: they are to be woken. */
  readonly onSlotFree?: (sagas: readonly ParkedSaga[]) => void;
  readonly leaseMs: number;
  /** Waits up to this long keep the slot, those for one step together; longer ones give it back. */
  readonly waitInPlaceMs: number;
  /** A saga has ended here, and its slot is free. */
  readonly onEnded?: (saga: SagaRecord) => void;
  readonly onFenced: (claim: Claim) => void;
  readonly tracer?: Tracer | undefined;
}

/** A saga of ten steps needs some forty turns; one that takes this many runs in circles. */
const MAX_TURNS = 10_000;

export function createRunner(options: RunnerOptions): Runner {
  const { cohorts, clock, slots = createSlots(Number.POSITIVE_INFINITY) } = options;
  const { shares = createShares(Number.POSITIVE_INFINITY) } = options;

  /** Gives its share back when the work is done. */
  async function inShare(key: string | null, work: () => Promise<RunOutcome>): Promise<RunOutcome> {
    try {
      await cohorts.enter();
      try {
        return await work();
      } finally {
        cohorts.leave();
      }
    } finally {
      options.onSlotFree?.(shares.leave(key));
    }
  }

  /** Gives its slot back when the work is done. */
  async function inSlot(
    work: (options: RunnerOptions) => Promise<RunOutcome>,
  ): Promise<RunOutcome> {
    let ended: SagaRecord | null = null;
    const onTransition = (transition: Transition) => {
      options.onTransition(transition);
      if (!transition.after.open) ended = transition.after;
    };
    try {
      return await work({ ...options, onTransition });
    } finally {
      slots.give();
      if (ended !== null) options.onEnded?.(ended);
    }
  }

  return {
    run: async (sagaId, control) => {
      // Those that were accepted here hold all slots: another worker may have one.
      if (!(await slots.take())) return { status: 'later', atMs: clock.nowMs() };
      return inSlot(async (within) => {
        const found = await unlessAway(() => options.log.find(sagaId));
        if (found === 'away') return away(options);
        if (found === null) return { status: 'at-rest', saga: null };
        const registered = options.registry.find(found.kind, found.version);
        // Its version is pinned: a worker that lacks it leaves the saga alone.
        if (registered === undefined) return withoutVersion(found);
        const key = shareOf(registered, found.input);
        if (!shares.enter(key, found)) return park(options, found, shares.parked);
        return inShare(key, () => claimAndDrive(within, registered, found, control));
      });
    },
    reserve: (registered, input) => {
      const key = shareOf(registered, input);
      if (!slots.tryTake()) return null;
      if (!shares.tryEnter(key)) {
        slots.give();
        return null;
      }
      const { beginning, ...first } = firstOf(options, registered);
      return {
        ...first,
        run: (accepted, control) =>
          inSlot((within) =>
            inShare(key, () => driveAccepted(within, registered, accepted, control, beginning)),
          ),
        giveUp: () => {
          options.onSlotFree?.(shares.leave(key));
          slots.give();
        },
      };
    },
  };
}

/** How a saga of this definition is accepted: where nothing has to be captured, its first step begins with it. */
function firstOf({ leaseMs, clock }: RunnerOptions, { definition, shape }: RegisteredSaga) {
  const owner = randomUUID();
  const before = initialState(shape);
  const captures = capturesWithoutReading(definition);
  if (captures === null) {
    return { claim: { owner, leaseMs, events: [] }, state: before, beginning: null };
  }
  const event: SagaEvent = { type: 'captured-all', captures, atMs: clock.nowMs() };
  const events = [describeEvent(before, event, clock)];
  const state = apply(shape, before, event);
  return { claim: { owner, leaseMs, events }, state, beginning: { before, event } };
}

async function driveAccepted(
  options: RunnerOptions,
  registered: RegisteredSaga,
  { saga, claim: held, sentAtMs }: Accepted,
  control: RunControl,
  beginning: Pick<Transition, 'before' | 'event'> | null,
): Promise<RunOutcome> {
  options.tracer?.claimed(saga, 0);
  if (beginning !== null) options.onTransition({ ...beginning, after: saga });
  return driveHeld(options, registered, held, control, { saga, sentAtMs });
}

// A log that is unavailable does not end a wake-up: it is repeated until the log answers what the saga needs.
async function unlessAway<T>(ask: () => Promise<T>): Promise<T | 'away'> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UnavailableError || error instanceof InterruptedError) return 'away';
    throw error;
  }
}

function away({ clock, random }: RunnerOptions): RunOutcome {
  return { status: 'later', atMs: clock.nowMs() + outageDelayMs(random()) };
}

function withoutVersion(saga: SagaRecord): RunOutcome {
  return isAtRest(saga.state.phase) ? { status: 'at-rest', saga } : { status: 'no-such-version' };
}

// An input that was stored for an older program, and that the function does not understand, has no share: a courtesy
// between sagas keeps none from running (I10).
function shareOf({ definition }: RegisteredSaga, input: Json): string | null {
  try {
    return definition.fairnessKey?.(input) ?? null;
  } catch {
    return null;
  }
}

/** So long at least until a parked saga tries to enter by itself, and so much longer for each that is parked. */
const PARK_MS = 1_000;
const PARK_MS_EACH = 20;

async function park(
  { log, clock }: RunnerOptions,
  { id }: SagaRecord,
  parked: number,
): Promise<RunOutcome> {
  const forMs = Math.min(MAX_PARK_MS, PARK_MS + PARK_MS_EACH * parked);
  const atMs = clock.nowMs() + forMs;
  // A relay that is not kept away wakes it too soon, and it is parked again.
  await log.park(id, atMs).catch(() => undefined);
  return { status: 'later', atMs };
}

async function claimAndDrive(
  options: RunnerOptions,
  registered: RegisteredSaga,
  found: SagaRecord,
  control: RunControl,
): Promise<RunOutcome> {
  const began = performance.now();
  const owner = randomUUID();
  const claimed = await unlessAway(() => claim(options, registered, found, owner, control.signal));
  if (claimed === 'away') return away(options);
  const { result, begun, sentAtMs } = claimed;
  switch (result.status) {
    case 'busy':
    case 'not-due':
      return { status: 'later', atMs: result.retryAtMs };
    case 'at-rest':
      return result;
    case 'claimed': {
      const { saga } = result;
      options.tracer?.claimed(saga, performance.now() - began);
      begun?.report(saga);
      const held: Claim = { sagaId: saga.id, owner, epoch: saga.epoch };
      return driveHeld(options, registered, held, control, { saga, sentAtMs });
    }
    default:
      return assertNever(result);
  }
}

async function driveHeld(
  options: RunnerOptions,
  registered: RegisteredSaga,
  held: Claim,
  control: RunControl,
  { saga, sentAtMs }: Pick<Accepted, 'saga' | 'sentAtMs'>,
): Promise<RunOutcome> {
  const { leases } = options;
  leases.hold(held);
  try {
    const drive = createDrive(options, registered, held, control);
    return await drive(saga, sentAtMs);
  } catch (error) {
    if (error instanceof FencedError) {
      options.onFenced(held);
      return { status: 'fenced' };
    }
    if (error instanceof InterruptedError) return await giveBack(options, held, 0);
    throw error;
  } finally {
    leases.drop(held);
  }
}

async function claim(
  options: RunnerOptions,
  registered: RegisteredSaga,
  found: SagaRecord,
  owner: string,
  signal: AbortSignal,
) {
  const { log, leaseMs, clock } = options;
  let begun = await begin(options, registered, found, signal);
  const sentAtMs = clock.monotonicMs();
  const beginning = begun === null ? {} : { beginning: begun.beginning };
  const result = await log
    .claim(found.id, { owner, leaseMs, ...beginning })
    .catch((error: unknown) => {
      if (begun === null || !(error instanceof HoldError)) throw error;
      // The log cannot hold what was captured: claimed without it, so that the saga can record the reason.
      begun = null;
      return log.claim(found.id, { owner, leaseMs });
    });
  return { result, begun, sentAtMs };
}

// A saga that was never claimed is captured before its claim: captures are reads, and the claim then stores
// them in the same write.
async function begin(
  options: RunnerOptions,
  { definition, shape }: RegisteredSaga,
  base: SagaRecord,
  signal: AbortSignal,
) {
  const { clock, random, onTransition } = options;
  if (base.epoch !== 0 || base.state.phase !== 'queued') return null;
  const refuse = async () => {
    throw new FencedError(base.id, base.epoch);
  };
  const context = { definition, record: base, signal, clock, random };
  const event = await executeTraced(
    options.tracer,
    { type: 'capture-all' },
    { ...context, fence: refuse, fencedWrite: refuse },
  );
  const state = apply(shape, base.state, event);
  return {
    beginning: { base, state, events: [describeEvent(base.state, event, clock)] },
    report: (after: SagaRecord) => onTransition({ before: base.state, after, event }),
  };
}

function createDrive(
  options: RunnerOptions,
  registered: RegisteredSaga,
  claim: Claim,
  control: RunControl,
) {
  const { log, clock, random } = options;
  const { definition, shape } = registered;
  const { signal } = control;

  return async (claimed: SagaRecord, sentAtMs: number): Promise<RunOutcome> => {
    const first = { record: claimed, sentAtMs };
    const journal = createJournal(options, registered, claim, signal, first);
    const proveAnew = async () => journal.proved(await prove(log, claim, clock));
    const fence = async () => {
      if (journal.isProven() || (await journal.proveByWriting())) return;
      await proveAnew();
    };
    const fencedWrite = async () => {
      if (await journal.proveByWriting()) return;
      // A proof says whose the saga is, not that the log has what the effect follows from: the next worker would decide
      // that anew, and differently.
      if (!journal.isWritten()) throw new UnavailableError('LOG_LATE', LOG_LATE);
      await proveAnew();
    };
    try {
      const mayWaitInPlace = createWaitsInPlace(options.waitInPlaceMs, clock, claimed.state);
      let record = await journal.record({ type: 'claimed', resumed: claimed.epoch > FIRST_EPOCH });
      for (let turn = 0; turn < MAX_TURNS; turn += 1) {
        const command = decide(shape, record.state);
        if (command.type === 'rest') return { status: 'at-rest', saga: record };
        const dueAtMs = record.state.notBeforeMs ?? 0;
        if (control.isDraining() || !mayWaitInPlace(record.state)) {
          await journal.flush();
          return sleep(options, claim, dueAtMs);
        }
        await pause(dueAtMs - clock.nowMs(), signal);
        const context = { definition, record, signal, clock, random, fence, fencedWrite };
        try {
          record = await journal.record(await executeTraced(options.tracer, command, context));
        } catch (error) {
          // Raising the fence outside is no step of the saga: it has no budget and waits for its database.
          if (command.type !== 'fence' || error instanceof FencedError) throw error;
          if (!isHopeless(error)) {
            return giveBack(options, claim, clock.nowMs() + outageDelayMs(random()));
          }
          // What no waiting mends stands still for a person, or the saga would be claimed again for ever (I1).
          for (const event of insteadOf(record.state, error, clock.nowMs())) {
            record = await journal.record(event);
          }
        }
      }
      throw new Error(`saga ${claim.sagaId} does not come to an end`);
    } finally {
      await journal.close();
    }
  };
}

function isHopeless(error: unknown): error is HoldError | TerminalError {
  return error instanceof HoldError || error instanceof TerminalError;
}

const LOG_LATE = 'the saga log takes too long to store what comes before an effect';
const MAX_PROOFS = 3;

/** @returns when the proof was sent, by the monotonic clock. */
async function prove(log: SagaLog, claim: Claim, clock: Clock): Promise<number> {
  for (let tries = 0; tries < MAX_PROOFS; tries += 1) {
    const sentAtMs = clock.monotonicMs();
    if (!(await log.prove(claim))) throw new FencedError(claim.sagaId, claim.epoch);
    if (isWithin(clock.monotonicMs() - sentAtMs, PROOF_ANSWER_MS)) return sentAtMs;
  }
  throw new UnavailableError('PROOF_LATE', 'the saga log answers too slowly to prove a claim');
}

// A child may have ended, or a cancel come, while this saga was going to sleep: the log knows.
async function sleep(options: RunnerOptions, claim: Claim, untilMs: number): Promise<RunOutcome> {
  const { log, clock } = options;
  const dueMs = await log.release(claim).catch(() => null);
  return { status: 'later', atMs: Math.max(Math.min(untilMs, dueMs ?? untilMs), clock.nowMs()) };
}

async function giveBack(
  { log, clock }: RunnerOptions,
  claim: Claim,
  atMs: number,
): Promise<RunOutcome> {
  // A lease that cannot be given back runs out by itself.
  await log.release(claim).catch(() => undefined);
  return { status: 'later', atMs: Math.max(atMs, clock.nowMs()) };
}
