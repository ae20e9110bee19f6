// Runs one saga under one claim: decide, perform, store, and again, until it ends, is stuck, sleeps or
// another worker takes over. I5: nothing is performed before the claim, and nothing is stored that the log
// does not find this claim on. I9: the next command is decided only from a state that has landed in the log.

import { randomUUID } from 'node:crypto';
import type { SagaId } from '../domain/ids.ts';
import { outageDelayMs } from './backoff.ts';
import { pause } from './deadline.ts';
import { FencedError, UnavailableError } from './errors.ts';
import type { SagaEvent } from './events.ts';
import type { Json } from './json.ts';
import { apply, decide } from './machine.ts';
import { InterruptedError, perform } from './performer.ts';
import type { Clock } from './ports/clock.ts';
import type { Leases } from './ports/leases.ts';
import type { Claim, SagaLog } from './ports/saga-log.ts';
import type { SagaRecord } from './record.ts';
import type { RegisteredSaga, Registry } from './registry.ts';
import type { SagaShape } from './shape.ts';
import { isEnded, type SagaState } from './state.ts';

export interface Runner {
  run(sagaId: SagaId, control: RunControl): Promise<RunOutcome>;
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

/** What the runner tells whoever watches: a log line, a metric, a span. */
export interface Transition {
  readonly before: SagaState;
  readonly after: SagaRecord;
  readonly event: SagaEvent;
}

export interface RunnerOptions {
  readonly log: SagaLog;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly leases: Leases;
  readonly leaseMs: number;
  readonly random: () => number;
  /** Waits up to this long keep the slot; longer ones give it back. */
  readonly waitInPlaceMs: number;
  readonly onTransition: (transition: Transition) => void;
  readonly onFenced: (claim: Claim) => void;
}

/** A saga of ten steps needs some forty turns; one that takes this many runs in circles. */
const MAX_TURNS = 10_000;

export function createRunner(options: RunnerOptions): Runner {
  return { run: (sagaId, control) => claimAndDrive(options, sagaId, control) };
}

async function claimAndDrive(
  options: RunnerOptions,
  sagaId: SagaId,
  control: RunControl,
): Promise<RunOutcome> {
  const { log, registry, leases, leaseMs } = options;
  const owner = randomUUID();
  const request = { owner, leaseMs, runnable: registry.runnable };
  const claimed = await log.claim(sagaId, request).catch(whileAway);
  switch (claimed.status) {
    case 'away':
      return { status: 'later', atMs: options.clock.nowMs() + outageDelayMs(options.random()) };
    case 'busy':
    case 'not-due':
      return { status: 'later', atMs: claimed.retryAtMs };
    case 'no-such-version':
      return { status: 'no-such-version' };
    case 'at-rest':
      return { status: 'at-rest', saga: claimed.saga };
    case 'claimed':
      break;
  }
  const registered = registry.find(claimed.saga.kind, claimed.saga.version);
  if (registered === undefined) return { status: 'no-such-version' };
  const claim: Claim = { sagaId, owner, epoch: claimed.saga.epoch };
  leases.hold(claim);
  try {
    const drive = createDrive(options, registered, claim, control);
    return await drive(claimed.saga);
  } catch (error) {
    if (error instanceof FencedError) {
      options.onFenced(claim);
      return { status: 'fenced' };
    }
    if (error instanceof InterruptedError) return await giveBack(options, claim, 0);
    throw error;
  } finally {
    leases.drop(claim);
  }
}

/** When the claim was last seen to hold: the moment a write that landed under it was sent. */
interface Proof {
  atMs: number;
}

/** A proof this young stands for the read that would replace it: that read's answer is as old by the time
 * the call it allows reaches Docker. */
const PROOF_FRESH_MS = 20;

// A log that is away is no end of a wake-up: it comes again until the log can say what the saga needs.
function whileAway(error: unknown): { readonly status: 'away' } {
  if (error instanceof UnavailableError) return { status: 'away' };
  throw error;
}

function createDrive(
  options: RunnerOptions,
  registered: RegisteredSaga,
  claim: Claim,
  control: RunControl,
) {
  const { log, clock, random } = options;
  const { definition, shape } = registered;
  const proof: Proof = { atMs: Number.NEGATIVE_INFINITY };
  const commit = createCommit(options, registered, claim, control.signal, proof);
  const fence = async () => {
    if (clock.nowMs() - proof.atMs <= PROOF_FRESH_MS) return;
    if (!(await log.holds(claim))) throw new FencedError(claim.sagaId, claim.epoch);
  };
  const fencedWrite = async () => {
    if (!(await log.prove(claim))) throw new FencedError(claim.sagaId, claim.epoch);
  };

  return async (claimed: SagaRecord): Promise<RunOutcome> => {
    let record = await commit(claimed, { type: 'claimed', resumed: claimed.epoch > 1 });
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const command = decide(shape, record.state);
      if (command.type === 'rest') return { status: 'at-rest', saga: record };
      const waitMs = (record.state.notBeforeMs ?? 0) - clock.nowMs();
      if (control.isDraining() || waitMs > options.waitInPlaceMs) {
        return giveBack(options, claim, record.state.notBeforeMs ?? 0);
      }
      await pause(waitMs, control.signal);
      const { signal } = control;
      const scene = { definition, record, signal, clock, random, fence, fencedWrite };
      try {
        record = await commit(record, await perform(command, scene));
      } catch (error) {
        // Raising the fence outside is no step of the saga: it has no budget and waits for its database.
        if (command.type !== 'fence' || error instanceof FencedError) throw error;
        return giveBack(options, claim, clock.nowMs() + outageDelayMs(random()));
      }
    }
    throw new Error(`saga ${claim.sagaId} does not come to an end`);
  };
}

// Stores what an event leads to. A write by somebody else in between (a cancel) is no defeat: the event is
// applied to what stands there now. A database that is away is waited for: the effect has happened, and
// the log must say so under this claim or not at all.
function createCommit(
  { log, random, clock, onTransition }: RunnerOptions,
  { definition, shape }: RegisteredSaga,
  claim: Claim,
  signal: AbortSignal,
  proof: Proof,
) {
  return async (from: SagaRecord, event: SagaEvent): Promise<SagaRecord> => {
    let base = from;
    let writeId = randomUUID();
    for (;;) {
      const state = apply(shape, base.state, event);
      if (state === base.state) return base;
      if (signal.aborted) throw new InterruptedError('the worker is stopping');
      const result = isEnded(state.phase) ? resultOf(definition.result, base, state) : null;
      const write = { claim, base, state, result, event: describe(base, event), writeId };
      const durability = durabilityOf(shape, base.state, state, event);
      const sentAtMs = clock.nowMs();
      const committed = await log.commit({ ...write, durability }).catch((error: unknown) => {
        if (error instanceof UnavailableError) return null;
        throw error;
      });
      if (committed === null) {
        await pause(outageDelayMs(random()), signal);
      } else if (committed.status === 'landed') {
        proof.atMs = sentAtMs;
        onTransition({ before: base.state, after: committed.saga, event });
        return committed.saga;
      } else if (committed.status === 'conflict') {
        base = committed.saga;
        writeId = randomUUID();
      } else {
        throw new FencedError(claim.sagaId, claim.epoch);
      }
    }
  };
}

// Only "step done, next begun" between the decisive moments may rest on the primary alone: losing it means
// observing a step once more. Everything that is a promise is on a majority first (I7, I9).
function durabilityOf(
  shape: SagaShape,
  before: SagaState,
  after: SagaState,
  event: SagaEvent,
): 'majority' | 'primary' {
  if (MAJORITY_EVENTS.has(event.type)) return 'majority';
  if (before.phase !== after.phase) return 'majority';
  const beginsPivot = before.pivotBegun !== after.pivotBegun;
  const endsPivot = before.cursor !== after.cursor && shape.steps[before.cursor]?.kind === 'pivot';
  return beginsPivot || endsPivot ? 'majority' : 'primary';
}

// The captures are where an undo goes back to; an attempt that begins unrecorded would not be observed.
const MAJORITY_EVENTS: ReadonlySet<SagaEvent['type']> = new Set([
  'captured-all',
  'captured',
  'begun',
]);

async function giveBack(
  { log, clock }: RunnerOptions,
  claim: Claim,
  atMs: number,
): Promise<RunOutcome> {
  // A lease that cannot be given back runs out by itself.
  await log.release(claim).catch(() => undefined);
  return { status: 'later', atMs: Math.max(atMs, clock.nowMs()) };
}

function resultOf(
  result: RegisteredSaga['definition']['result'],
  { input }: SagaRecord,
  { steps }: SagaState,
): Json | null {
  if (result === undefined) return null;
  const results: Record<string, Json> = {};
  const captures: Record<string, Json> = {};
  for (const { name, value, capture } of steps) {
    if (value !== null) results[name] = value;
    if (capture !== null) captures[name] = capture;
  }
  return result({ input, results, captures });
}

function describe({ state }: SagaRecord, event: SagaEvent) {
  const step = 'step' in event ? (state.steps[event.step]?.name ?? null) : null;
  return { type: event.type, step, detail: detailOf(event) };
}

function detailOf(event: SagaEvent): string | null {
  if ('failure' in event) return `${event.failure.code}: ${event.failure.message}`;
  if (!('seen' in event)) return null;
  return event.seen.outcome === 'unknown' ? `unknown: ${event.seen.reason}` : event.seen.outcome;
}
