// A saga's record while one worker runs it: what the log holds, and what has happened since. "Step done, next
// begun" between the decisive moments is not waited for: the next step may begin while it is still unwritten
// (by a worker that was proved to hold its claim a moment ago, I5),
// because every compensatable step has its capture in the log by then, every step may be run again, and an
// undo goes over all of them, recorded or not. It goes out with the next write that matters, or alone when
// the next step takes its time. I6: the pivot never begins before its intent, and all before it, has landed
// on a majority. I9: only the runner sees the state before it has landed.
// What the primary alone has acknowledged is kept here until a majority has it: a failover may forget it, and the
// next write, which is conditional on it, finds out and writes it again, before a cancel or after, as it came.

import { randomUUID } from 'node:crypto';
import { FencedError, HoldError, InterruptedError, UnavailableError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import type { Claim, CommitResult, LoggedEvent, LogWrite, SagaLog } from '../log/saga-log.ts';
import type { SagaEvent } from '../machine/events.ts';
import { apply } from '../machine/machine.ts';
import type { SagaShape } from '../machine/shape.ts';
import { canUndo } from '../machine/standing.ts';
import { isEnded, type SagaState } from '../machine/state.ts';
import type { RegisteredSaga } from '../registry.ts';
import { outageDelayMs } from './backoff.ts';
import { type Clock, isWithin } from './clock.ts';
import { pause, within } from './deadline.ts';
import { toFailure } from './failure.ts';
import { ownCopy } from './own-copy.ts';
import { insteadOf } from './refused-events.ts';
import { resultOf } from './saga-facts.ts';

export interface Journal {
  /** The record with everything that has happened, written or not. */
  view(): SagaRecord;
  /** Takes an event in; returns when what must be durable before anything else is.
   * @throws FencedError when another worker has claimed the saga; InterruptedError on abort. */
  record(event: SagaEvent): Promise<SagaRecord>;
  /** Writes what is still unwritten. */
  flush(): Promise<void>;
  /** Writes it on a majority, which proves the claim as well as a write for the proof alone. False: there was nothing to
   * write, or the answer took too long. @throws FencedError. */
  proveByWriting(): Promise<boolean>;
  /** Whether the log has taken everything that has happened, if on its primary alone: a proof that is asked for now comes
   * from a majority, and with it everything before is there. */
  isWritten(): boolean;
  /** Whether the claim was proved a moment ago. What the primary alone acknowledged proves nothing: it may be one no
   * more. */
  isProven(): boolean;
  /** It was proved by something that was sent at this moment, by the monotonic clock. */
  proved(sentAtMs: number): void;
  /** Stops the timer of what was not written; the next claim observes it. */
  close(): Promise<void>;
}

export interface JournalOptions {
  readonly log: Pick<SagaLog, 'commit'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onTransition: (transition: Transition) => void;
}

/** What the runner reports to its listener once it has landed: for a log line, a metric, a span. */
export interface Transition {
  readonly before: SagaState;
  readonly after: SagaRecord;
  readonly event: SagaEvent;
}

/** A proof this young stands for the read that would replace it: that read's answer is as old by the time
 * the call it allows arrives. A worker that was away for a whole lease has none. */
const PROOF_FRESH_MS = 100;

/**
 * The call that a proof allows is sent when its answer is there: one that took longer proves how it was, not how it is.
 */
export const PROOF_ANSWER_MS = 1_000;

/** With a proof this young the next step begins before the last one is written: half of what the answer to a proof may
 * take. What a step does to something that takes no condition asks its own, fresher proof. Shorter, and a busy worker,
 * whose writes take as long, waits for one after every step. */
const BEGIN_UNWRITTEN_MS = 500;

/** A step that takes longer than this is shown as begun. A watcher sees no more: its rounds are as far apart. Shorter, and
 * every step of a busy worker costs a write that the next one would have carried. */
const UNWRITTEN_FOR_MS = 200;

export function createJournal(
  options: JournalOptions,
  { definition, shape }: RegisteredSaga,
  claim: Claim,
  signal: AbortSignal,
  /** The record as claimed, and when the claim was sent, by this process's monotonic clock. */
  first: { readonly record: SagaRecord; readonly sentAtMs: number },
): Journal {
  let written = first.record;
  let forgettable: readonly Acknowledged[] = [];
  let unwritten: readonly SagaEvent[] = [];
  let view = first.record;
  let provenAtMs = first.sentAtMs;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<unknown> | undefined;

  // By the monotonic clock: the database's may go back, and an old proof would count as young again.
  const isProvenWithin = (limitMs: number) =>
    isWithin(options.clock.monotonicMs() - provenAtMs, limitMs);
  const isProven = () => isProvenWithin(PROOF_FRESH_MS);

  /**
   * A cancel is decided on the record: it must not land on one in which a step that cannot be undone has not begun
   * (I6).
   */
  const takesWayBack = ({ before, after }: Change) =>
    canUndo(definition, before) && !canUndo(definition, after);

  /** @param proves on a majority, whatever it is.
   * @returns whether something was written on a majority, sent after this call. */
  function flush(proves = false): Promise<boolean> {
    clearTimeout(timer);
    timer = undefined;
    const flushed = (writing ?? Promise.resolve()).then(() => writeAll(proves));
    writing = flushed;
    return flushed;
  }

  /** A write whose answer was lost is sent again, and may be found in the log long after it landed: it proves the claim
   * as of the first time that it was sent. */
  const newAttempt = () => ({ writeId: randomUUID(), sentAtMs: options.clock.monotonicMs() });

  async function writeAll(proves: boolean): Promise<boolean> {
    let attempt = newAttempt();
    let isRefused = false;
    let hasProved = false;
    while (unwritten.length > 0) {
      const events = unwritten;
      const { changes, state } = fold(shape, written, events);
      if (changes.length === 0) {
        adopt(written, events);
        break;
      }
      if (signal.aborted) throw new InterruptedError('the worker is stopping');
      const { writeId } = attempt;
      const isForGood = proves || changes.some(takesWayBack);
      const durability = isForGood ? 'majority' : durabilityOf(shape, changes);
      const committed = await send({ base: written, state, durability, writeId }, changes);
      switch (committed.status) {
        case 'away':
          await pause(outageDelayMs(options.random()), signal);
          break;
        case 'refused':
          // The log can hold that the saga is stuck, or nothing at all.
          if (isRefused) throw committed.error;
          isRefused = true;
          unwritten = insteadOf(written.state, committed.error, options.clock.nowMs());
          attempt = newAttempt();
          break;
        case 'fenced':
          throw new FencedError(claim.sagaId, claim.epoch);
        case 'conflict':
          // Another writer (a cancel, an operator) came before it, or a failover: no defeat, what is not in the record
          // that stands there now is applied to it.
          unwritten = [...forgottenBy(committed.saga, forgettable), ...unwritten];
          forgettable = [];
          written = committed.saga;
          attempt = newAttempt();
          break;
        case 'landed':
          if (durability === 'majority') {
            provenAtMs = attempt.sentAtMs;
            hasProved = true;
          }
          for (const [index, { before, after, event }] of changes.entries()) {
            const isLast = index === changes.length - 1;
            const saga = isLast ? committed.saga : { ...written, state: after };
            options.onTransition({ before, after: saga, event });
          }
          forgettable = durability === 'majority' ? [] : [...forgettable, { writeId, events }];
          adopt(committed.saga, events);
          attempt = newAttempt();
          break;
      }
    }
    return hasProved;
  }

  async function send(
    given: Pick<LogWrite, 'base' | 'state' | 'durability' | 'writeId'>,
    changes: readonly Change[],
  ): Promise<CommitResult | NotCommitted> {
    const { base, state } = given;
    let result: Json | null = null;
    try {
      if (isEnded(state.phase)) result = ownCopy(resultOf(definition, base, state), 'its end');
    } catch (error) {
      // A job that ended without its result would say that nothing was done.
      return { status: 'refused', error: new HoldError('RESULT_FAILED', toFailure(error).message) };
    }
    const events = changes.map(({ before, event }) => describeEvent(before, event, options.clock));
    const write = { ...given, claim, result, events };
    // A log that is unavailable is waited for: the effect has happened, and the log records it under this claim or
    // not at all.
    return options.log.commit(write).catch((error: unknown) => {
      if (error instanceof UnavailableError) return { status: 'away' };
      if (error instanceof HoldError) return { status: 'refused', error };
      throw error;
    });
  }

  function adopt(saga: SagaRecord, events: readonly SagaEvent[]): void {
    written = saga;
    unwritten = unwritten.slice(events.length);
    view = { ...written, state: fold(shape, written, unwritten).state };
  }

  return {
    view: () => view,
    isProven,
    isWritten: () => unwritten.length === 0,
    proved: (sentAtMs) => {
      provenAtMs = sentAtMs;
    },
    flush: async () => {
      await flush();
    },
    proveByWriting: async () => {
      if (unwritten.length === 0) return false;
      const askedAtMs = options.clock.monotonicMs();
      // A log that is away is waited for by the write, but not by the caller that needs a proof.
      const hasProved = await within(flush(true), { ms: PROOF_ANSWER_MS, late: false });
      return hasProved && isWithin(options.clock.monotonicMs() - askedAtMs, PROOF_ANSWER_MS);
    },
    record: async (event) => {
      await writing;
      const before = view.state;
      const after = apply(shape, before, event);
      if (after === before) return view;
      unwritten = [...unwritten, event];
      view = { ...view, state: after };
      const change = { before, after, event };
      const isStepDone = after.cursor > before.cursor;
      const mayWait = isProvenWithin(BEGIN_UNWRITTEN_MS);
      if (isStepDone && mayWait && !mustLandFirst(change) && !takesWayBack(change)) {
        // The next `record`, or `close`, throws the error of this write.
        timer ??= setTimeout(() => void flush().catch(() => undefined), UNWRITTEN_FOR_MS);
      } else {
        // The steps that come next need a proof, and this write can be one.
        await flush(isStepDone && !mayWait);
      }
      return view;
    },
    close: async () => {
      clearTimeout(timer);
      await writing?.catch(() => undefined);
    },
  };
}

type NotCommitted =
  | { readonly status: 'away' }
  /** The log cannot hold what was to be written, or the definition makes no result of it. */
  | { readonly status: 'refused'; readonly error: HoldError };

/** A write that the primary alone has acknowledged. */
interface Acknowledged {
  readonly writeId: string;
  readonly events: readonly SagaEvent[];
}

/** Of these writes, in their order, the events of those that the record does not have. */
function forgottenBy(
  { history }: SagaRecord,
  acknowledged: readonly Acknowledged[],
): readonly SagaEvent[] {
  const kept = new Set(history.map(({ writeId }) => writeId));
  const newest = acknowledged.findLastIndex(({ writeId }) => kept.has(writeId));
  return acknowledged.slice(newest + 1).flatMap(({ events }) => events);
}

interface Change {
  readonly before: SagaState;
  readonly after: SagaState;
  readonly event: SagaEvent;
}

/** The events that change something, one after the other, and where they lead. */
function fold(
  shape: SagaShape,
  { state: from }: SagaRecord,
  events: readonly SagaEvent[],
): { readonly changes: readonly Change[]; readonly state: SagaState } {
  const changes: Change[] = [];
  let state = from;
  for (const event of events) {
    const after = apply(shape, state, event);
    if (after !== state) changes.push({ before: state, after, event });
    state = after;
  }
  return { changes, state };
}

/** The captures are where an undo goes back to; an attempt that begins unrecorded would not be observed; a child
 * that ends must find its parent asleep, and it reads what is on a majority. */
const DECISIVE: ReadonlySet<SagaEvent['type']> = new Set([
  'captured-all',
  'captured',
  'begun',
  'postponed',
]);

// Everything that is a promise is on a majority before anything else happens (I7, I9). The abort of a pivot is one:
// a log that forgot it would run a pivot that can never land again.
export function mustLandFirst({ before, after, event }: Change): boolean {
  const beginsPivot = before.pivotBegun !== after.pivotBegun;
  const beginsAbort = !isAborting(before) && isAborting(after);
  return DECISIVE.has(event.type) || before.phase !== after.phase || beginsPivot || beginsAbort;
}

function isAborting({ steps, cursor }: SagaState): boolean {
  return steps[cursor]?.status === 'aborting';
}

function durabilityOf(shape: SagaShape, changes: readonly Change[]): LogWrite['durability'] {
  return changes.some((change) => needsMajority(shape, change)) ? 'majority' : 'primary';
}

// Only "step done, next begun" between the decisive moments may rest on the primary alone: losing it means
// running a step again. The end of the pivot may be written late, because it can be observed, but not on less.
export function needsMajority(shape: SagaShape, change: Change): boolean {
  const { before, after } = change;
  const endsPivot = before.cursor !== after.cursor && shape.steps[before.cursor]?.kind === 'pivot';
  return endsPivot || mustLandFirst(change);
}

/** An event as the log's history keeps it. */
export function describeEvent({ steps }: SagaState, event: SagaEvent, clock: Clock): LoggedEvent {
  const step = 'step' in event ? (steps[event.step]?.name ?? null) : null;
  const atMs = 'atMs' in event ? event.atMs : clock.nowMs();
  // The claim itself is in the history already; what it changes is what the worker before it left.
  const type = event.type === 'claimed' ? 'resumed' : event.type;
  return { type, step, detail: detailOf(event), atMs };
}

function detailOf(event: SagaEvent): string | null {
  if ('failure' in event) return `${event.failure.code}: ${event.failure.message}`;
  if (!('observed' in event)) return null;
  return event.observed.outcome === 'unknown'
    ? `unknown: ${event.observed.reason}`
    : event.observed.outcome;
}
