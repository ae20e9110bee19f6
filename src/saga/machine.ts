// The heart of the engine, as a pure function pair: `decide` says what to do next in a state, `apply` says
// which state an event leads to. No clock, no I/O, no randomness: moments come in with the events. The
// runner does what `decide` says, one command at a time, and stores what `apply` gives.
//
// I1: every path ends completed, compensated, cancelled or stuck. I6: `pivotBegun` is set by the event that
// begins the pivot, or the first retriable step where there is none, and once it is set the only way back leads
// through `abort`. I9: phases never go back:
// an event that does not fit the state changes nothing (the same object is returned).

import { assertNever } from '../domain/assert-never.ts';
import type { Observation } from './definition.ts';
import type { Again, Command, SagaEvent, Success } from './events.ts';
import type { SagaShape } from './shape.ts';
import { isAtRest, type SagaState, type StepFailure } from './state.ts';
import { isWorkingOn, mustTurnBack, shapeAt, stepAt, withStep } from './state-access.ts';

export function decide(shape: SagaShape, state: SagaState): Command {
  const { phase, cursor } = state;
  if (isAtRest(phase)) return { type: 'rest' };
  if (state.mustFence) return { type: 'fence' };
  if (phase === 'queued') return { type: 'capture-all' };
  if (phase === 'compensating') return { type: 'compensate', step: cursor };
  const { status, capture } = stepAt(state, cursor);
  if (status === 'aborting') return { type: 'abort', step: cursor };
  // Without a capture the effect cannot have happened: `run` waits for it, so there is nothing to observe.
  if (shapeAt(shape, cursor).kind === 'compensatable' && capture === null) {
    return { type: 'capture', step: cursor };
  }
  if (status === 'waiting') return { type: 'begin', step: cursor };
  return { type: status === 'in-doubt' ? 'observe' : 'run', step: cursor };
}

export function apply(shape: SagaShape, state: SagaState, event: SagaEvent): SagaState {
  if (event.type === 'cancel-requested') return cancel(shape, state);
  if (event.type === 'retry-ordered') return unstick(shape, state, event.atMs);
  if (isAtRest(state.phase)) return state;
  switch (event.type) {
    case 'claimed':
      return event.resumed ? resume(shape, state) : state;
    case 'effects-fenced':
      return state.mustFence ? { ...state, mustFence: false } : state;
    case 'captured-all':
      return state.phase === 'queued' ? captureAll(shape, state, event) : state;
    case 'captured':
      return isWorkingOn(state, event.step, 'running') ? captureOne(state, event) : state;
    case 'begun':
      return isWorkingOn(state, event.step, 'running')
        ? beginAgain(shape, state, event.step)
        : state;
    case 'succeeded':
      return isWorkingOn(state, event.step, 'running') ? succeed(shape, state, event) : state;
    case 'postponed':
      return isWorkingOn(state, event.step, 'running') ? postpone(shape, state, event) : state;
    case 'nudged':
      return nudge(state);
    case 'failed':
      return isWorkingOn(state, event.step, 'running') ? fail(shape, state, event) : state;
    case 'observed':
      return isWorkingOn(state, event.step, 'running') ? observe(shape, state, event) : state;
    case 'aborted':
      return isWorkingOn(state, event.step, 'running') ? abort(shape, state, event) : state;
    case 'compensated':
      return isWorkingOn(state, event.step, 'compensating') ? undone(shape, state, event) : state;
    case 'compensation-failed':
      return isWorkingOn(state, event.step, 'compensating')
        ? undoFailed(shape, state, event)
        : state;
    default:
      return assertNever(event);
  }
}

const CANCELLED: StepFailure = {
  class: 'terminal',
  code: 'CANCELLED',
  message: 'cancelled on request before the point of no return',
};

// A worker that went away may have left the effect of the step it had begun: its outcome is unknown now.
function resume(shape: SagaShape, state: SagaState): SagaState {
  const resumed = { ...state, mustFence: true };
  if (state.phase !== 'running') return resumed;
  if (mustTurnBack(state)) return { ...turnBack(shape, resumed, CANCELLED), mustFence: true };
  return stepAt(state, state.cursor).status === 'running' && shapeAt(shape, state.cursor).canObserve
    ? withStep(resumed, state.cursor, { status: 'in-doubt' })
    : resumed;
}

function captureAll(
  shape: SagaShape,
  state: SagaState,
  { captures, atMs }: Extract<SagaEvent, { type: 'captured-all' }>,
): SagaState {
  const steps = state.steps.map((step, index) => {
    const capture = captures[index] ?? null;
    return capture === null || step.capture !== null ? step : { ...step, capture };
  });
  return begin(shape, { ...state, phase: 'running', steps, startedAtMs: atMs }, 0, atMs);
}

function captureOne(
  state: SagaState,
  { step, capture }: Extract<SagaEvent, { type: 'captured' }>,
): SagaState {
  if (stepAt(state, step).capture !== null) return state;
  return { ...withStep(state, step, { capture, status: 'running' }), notBeforeMs: null };
}

function succeed(
  shape: SagaShape,
  state: SagaState,
  { step, value, warnings, atMs }: { readonly step: number } & Success,
): SagaState {
  const done: SagaState = {
    ...withStep(state, step, {
      status: 'done',
      value,
      error: null,
      unknowns: 0,
      finishedAtMs: atMs,
    }),
    warnings: warnings.length === 0 ? state.warnings : [...state.warnings, ...warnings],
    notBeforeMs: null,
  };
  if (mustTurnBack(done)) return turnBack(shape, done, CANCELLED);
  return goOn(shape, done, step, atMs);
}

function goOn(shape: SagaShape, state: SagaState, step: number, atMs: number): SagaState {
  return step + 1 < state.steps.length
    ? begin(shape, state, step + 1, atMs)
    : { ...state, phase: 'completed' };
}

function begin(shape: SagaShape, state: SagaState, step: number, atMs: number): SagaState {
  return {
    ...withStep(state, step, { status: 'running', attempts: 1, startedAtMs: atMs }),
    cursor: step,
    notBeforeMs: null,
    pivotBegun: state.pivotBegun || shapeAt(shape, step).kind !== 'compensatable',
  };
}

function beginAgain(shape: SagaShape, state: SagaState, step: number): SagaState {
  if (mustTurnBack(state)) return turnBack(shape, state, CANCELLED);
  if (stepAt(state, step).status !== 'waiting') return state;
  return { ...withStep(state, step, { status: 'running' }), notBeforeMs: null };
}

function postpone(
  shape: SagaShape,
  state: SagaState,
  { step, value, untilMs }: Extract<SagaEvent, { type: 'postponed' }>,
): SagaState {
  if (mustTurnBack(state)) return turnBack(shape, state, CANCELLED);
  const waiting = { status: 'waiting', value, error: null, unknowns: 0 } as const;
  return { ...withStep(state, step, waiting), notBeforeMs: untilMs };
}

// Only a postponed step waits without an error: a backoff is not cut short by a child's end.
function nudge(state: SagaState): SagaState {
  const { status, error } = stepAt(state, state.cursor);
  const isPostponed = state.phase === 'running' && status === 'waiting' && error === null;
  return isPostponed && state.notBeforeMs !== null ? { ...state, notBeforeMs: null } : state;
}

function fail(
  shape: SagaShape,
  state: SagaState,
  event: Extract<SagaEvent, { type: 'failed' }>,
): SagaState {
  const { step, failure, retryAtMs, atMs } = event;
  const failed = withStep(state, step, { error: failure });
  const { status } = stepAt(state, step);
  // Asking what became of an effect failed: that says nothing about the effect.
  if ((status === 'in-doubt' || status === 'aborting') && isInconclusive(failure)) {
    return stillUnknown(shape, failed, step, failure.message, retryAtMs, atMs);
  }
  switch (failure.class) {
    case 'hold':
      return stick(failed, failure);
    case 'terminal':
      return giveUp(shape, failed, failure, atMs);
    case 'in-doubt':
      if (mustTurnBack(failed)) return turnBack(shape, failed, CANCELLED);
      if (!shapeAt(shape, step).canObserve) return again(shape, failed, event);
      return { ...withStep(failed, step, { status: 'in-doubt' }), notBeforeMs: retryAtMs };
    case 'unavailable':
      if (mustTurnBack(failed)) return turnBack(shape, failed, CANCELLED);
      return status === 'running'
        ? { ...withStep(failed, step, { status: 'waiting' }), notBeforeMs: retryAtMs }
        : { ...failed, notBeforeMs: retryAtMs };
    case 'retryable':
      return again(shape, failed, event);
    default:
      return assertNever(failure.class);
  }
}

function isInconclusive(failure: StepFailure): boolean {
  return failure.class === 'in-doubt' || failure.class === 'retryable';
}

// One more attempt, if the budget has one; a cancel that came meanwhile goes before it.
function again(
  shape: SagaShape,
  state: SagaState,
  { step, failure, retryAtMs, atMs }: { step: number; failure: StepFailure } & Again,
): SagaState {
  if (mustTurnBack(state)) return turnBack(shape, state, CANCELLED);
  const { attempts } = stepAt(state, step);
  const { kind, bestEffort } = shapeAt(shape, step);
  if (attempts < shapeAt(shape, step).attempts) {
    return {
      ...withStep(state, step, { status: 'waiting', attempts: attempts + 1 }),
      notBeforeMs: retryAtMs,
    };
  }
  if (kind === 'compensatable') return turnBack(shape, state, failure);
  return bestEffort ? skip(shape, state, step, failure, atMs) : stick(state, failure);
}

// A failure that no repetition can help.
function giveUp(shape: SagaShape, state: SagaState, failure: StepFailure, atMs: number): SagaState {
  const step = state.cursor;
  const { kind, bestEffort } = shapeAt(shape, step);
  if (kind === 'compensatable') return turnBack(shape, state, failure);
  if (kind === 'pivot') {
    const cause = { ...failure, step: stepAt(state, step).name };
    return {
      ...withStep(state, step, { status: 'aborting', unknowns: 0 }),
      notBeforeMs: null,
      cause,
    };
  }
  return bestEffort ? skip(shape, state, step, failure, atMs) : stick(state, failure);
}

function skip(
  shape: SagaShape,
  state: SagaState,
  step: number,
  { code, message }: StepFailure,
  atMs: number,
): SagaState {
  const { name } = stepAt(state, step);
  const warning = { code: `${name}-unfinished`, message: `${code}: ${message}` };
  const skipped: SagaState = {
    ...withStep(state, step, { status: 'skipped', finishedAtMs: atMs }),
    warnings: [...state.warnings, warning],
    notBeforeMs: null,
  };
  return goOn(shape, skipped, step, atMs);
}

function observe(
  shape: SagaShape,
  state: SagaState,
  event: Extract<SagaEvent, { type: 'observed' }>,
): SagaState {
  const { step, seen, atMs, retryAtMs } = event;
  switch (seen.outcome) {
    case 'landed':
      return succeed(shape, state, { step, ...successOf(seen), atMs });
    case 'absent': {
      const failure = stepAt(state, step).error ?? NOT_LANDED;
      const known = withStep(state, step, { status: 'running', unknowns: 0 });
      return again(shape, known, { step, failure, retryAtMs, atMs });
    }
    case 'unknown':
      return stillUnknown(shape, state, step, seen.reason, retryAtMs, atMs);
    default:
      return assertNever(seen);
  }
}

function abort(
  shape: SagaShape,
  state: SagaState,
  { step, seen, atMs, retryAtMs }: Extract<SagaEvent, { type: 'aborted' }>,
): SagaState {
  switch (seen.outcome) {
    case 'landed':
      return succeed(shape, { ...state, cause: null }, { step, ...successOf(seen), atMs });
    case 'absent':
      return turnBack(shape, state, state.cause ?? NOT_LANDED);
    case 'unknown':
      return stillUnknown(shape, state, step, seen.reason, retryAtMs, atMs);
    default:
      return assertNever(seen);
  }
}

function stillUnknown(
  shape: SagaShape,
  state: SagaState,
  step: number,
  reason: string,
  retryAtMs: number | null,
  atMs: number,
): SagaState {
  if (mustTurnBack(state)) return turnBack(shape, state, CANCELLED);
  const unknowns = stepAt(state, step).unknowns + 1;
  const failure: StepFailure = { class: 'in-doubt', code: 'OUTCOME_UNKNOWN', message: reason };
  const noted = withStep(state, step, { unknowns, error: failure });
  const { kind, attempts, bestEffort } = shapeAt(shape, step);
  if (unknowns < attempts) return { ...noted, notBeforeMs: retryAtMs };
  if (kind === 'compensatable') return turnBack(shape, noted, failure);
  return bestEffort ? skip(shape, noted, step, failure, atMs) : stick(noted, failure);
}

// Backwards over EVERY compensatable step that has a capture, recorded as run or not: the log may be
// behind the world, the capture is not.
function turnBack(shape: SagaShape, state: SagaState, cause: StepFailure): SagaState {
  const { name, status } = stepAt(state, state.cursor);
  const marked = status === 'done' ? state : withStep(state, state.cursor, { status: 'failed' });
  const back: SagaState = {
    ...marked,
    phase: 'compensating',
    notBeforeMs: null,
    cause: { class: cause.class, code: cause.code, message: cause.message, step: name },
  };
  return undoFrom(shape, back, state.steps.length - 1);
}

function undoFrom(shape: SagaShape, state: SagaState, from: number): SagaState {
  for (let step = from; step >= 0; step -= 1) {
    const { kind } = shapeAt(shape, step);
    const { capture, status } = stepAt(state, step);
    if (kind === 'compensatable' && capture !== null && status !== 'compensated') {
      return {
        ...withStep(state, step, { status: 'compensating', compensations: 1 }),
        cursor: step,
        notBeforeMs: null,
      };
    }
  }
  return { ...state, phase: 'compensated', cursor: 0, notBeforeMs: null };
}

function undone(
  shape: SagaShape,
  state: SagaState,
  { step, atMs }: Extract<SagaEvent, { type: 'compensated' }>,
): SagaState {
  const compensated = withStep(state, step, { status: 'compensated', finishedAtMs: atMs });
  return undoFrom(shape, compensated, step - 1);
}

function undoFailed(
  shape: SagaShape,
  state: SagaState,
  { step, failure, retryAtMs }: Extract<SagaEvent, { type: 'compensation-failed' }>,
): SagaState {
  const { compensations } = stepAt(state, step);
  const noted = withStep(state, step, { error: failure });
  if (failure.class === 'unavailable') return { ...noted, notBeforeMs: retryAtMs };
  const isHopeless = failure.class === 'terminal' || failure.class === 'hold';
  if (isHopeless || compensations >= shapeAt(shape, step).compensations) {
    return stick(noted, failure);
  }
  return {
    ...withStep(noted, step, { compensations: compensations + 1 }),
    notBeforeMs: retryAtMs,
  };
}

function stick(state: SagaState, failure: StepFailure): SagaState {
  const from = state.phase === 'compensating' ? 'compensating' : 'running';
  const { name } = stepAt(state, state.cursor);
  return {
    ...(from === 'running' ? withStep(state, state.cursor, { status: 'failed' }) : state),
    phase: 'stuck',
    stuckFrom: from,
    notBeforeMs: null,
    cause: { ...failure, step: name },
  };
}

function cancel(shape: SagaShape, state: SagaState): SagaState {
  if (state.phase === 'queued') return { ...state, phase: 'cancelled', cancelRequested: true };
  if (state.pivotBegun || state.cancelRequested) return state;
  if (state.phase === 'running') return { ...state, cancelRequested: true, notBeforeMs: null };
  // Stuck on the way forward: no worker is on it, so the way back can begin here and now.
  return state.phase === 'stuck' && state.stuckFrom === 'running'
    ? { ...turnBack(shape, { ...state, stuckFrom: null }, CANCELLED), cancelRequested: true }
    : state;
}

// With fresh budgets and deadlines, in the direction it was going: forward is refused once a compensation has begun,
// because `stuckFrom` says so. What the stuck attempt did is asked of the world first.
function unstick(shape: SagaShape, state: SagaState, atMs: number): SagaState {
  if (state.phase !== 'stuck' || state.stuckFrom === null) return state;
  const { startedAtMs, stuckFrom } = state;
  const going: SagaState = {
    ...state,
    phase: stuckFrom,
    stuckFrom: null,
    cause: null,
    startedAtMs: startedAtMs === null ? null : atMs,
  };
  if (stuckFrom === 'compensating') {
    return withStep(going, state.cursor, { status: 'compensating', compensations: 1 });
  }
  const status = shapeAt(shape, state.cursor).canObserve ? 'in-doubt' : 'running';
  return withStep(going, state.cursor, { status, attempts: 1, unknowns: 0 });
}

const NOT_LANDED: StepFailure = {
  class: 'retryable',
  code: 'NOT_LANDED',
  message: 'the effect was observed not to have happened',
};

function successOf(seen: Extract<Observation, { outcome: 'landed' }>) {
  return { value: seen.value ?? null, warnings: seen.warnings ?? [] };
}
