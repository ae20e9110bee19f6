// The forward direction of a saga, as pure transitions: captures, attempts and their outcomes. A saga that cannot
// continue compensates before the pivot, and is stuck after it (I6).

import { assertNever } from '../assert-never.ts';
import type { Observation } from '../definition.ts';
import { CANCELLED, compensate, markStuck } from './backward.ts';
import type { Again, SagaEvent, Success } from './events.ts';
import type { SagaShape } from './shape.ts';
import type { SagaState, StepFailure } from './state.ts';
import { mustCompensate, shapeAt, stepAt, withStep } from './state-access.ts';

// A worker that went away may have left the effect of the step it had begun: its outcome is unknown now.
export function resume(shape: SagaShape, state: SagaState): SagaState {
  const resumed = { ...state, mustFence: true };
  if (state.phase !== 'running') return resumed;
  if (mustCompensate(state)) return { ...compensate(shape, resumed, CANCELLED), mustFence: true };
  return stepAt(state, state.cursor).status === 'running' && shapeAt(shape, state.cursor).canObserve
    ? withStep(resumed, state.cursor, { status: 'in-doubt' })
    : resumed;
}

export function captureAll(
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

export function captureOne(
  shape: SagaShape,
  state: SagaState,
  { step, capture }: Extract<SagaEvent, { type: 'captured' }>,
): SagaState {
  // Taken before it was known whether the step can be undone: it has done nothing yet.
  if (mustCompensate(state)) return compensate(shape, state, CANCELLED);
  if (stepAt(state, step).capture !== null) return state;
  return { ...withStep(state, step, { capture, status: 'running' }), notBeforeMs: null };
}

export function succeed(
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
  if (mustCompensate(done)) return compensate(shape, done, CANCELLED);
  return advance(shape, done, step, atMs);
}

function advance(shape: SagaShape, state: SagaState, step: number, atMs: number): SagaState {
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

export function beginAgain(shape: SagaShape, state: SagaState, step: number): SagaState {
  if (mustCompensate(state)) return compensate(shape, state, CANCELLED);
  if (stepAt(state, step).status !== 'waiting') return state;
  return { ...withStep(state, step, { status: 'running' }), notBeforeMs: null };
}

export function postpone(
  shape: SagaShape,
  state: SagaState,
  { step, value, untilMs }: Extract<SagaEvent, { type: 'postponed' }>,
): SagaState {
  if (mustCompensate(state)) return compensate(shape, state, CANCELLED);
  const waiting = { status: 'waiting', value, error: null, unknowns: 0 } as const;
  return { ...withStep(state, step, waiting), notBeforeMs: untilMs };
}

// Only a postponed step waits without an error: a backoff is not cut short by a child's end.
export function wakeNow(state: SagaState): SagaState {
  const { status, error } = stepAt(state, state.cursor);
  const isPostponed = state.phase === 'running' && status === 'waiting' && error === null;
  return isPostponed && state.notBeforeMs !== null ? { ...state, notBeforeMs: null } : state;
}

export function fail(
  shape: SagaShape,
  state: SagaState,
  event: Extract<SagaEvent, { type: 'failed' }>,
): SagaState {
  const { step, failure, retryAtMs, atMs } = event;
  const failed = withStep(state, step, { error: failure });
  const { status } = stepAt(state, step);
  // The observation of an effect failed: that proves nothing about the effect.
  if ((status === 'in-doubt' || status === 'aborting') && isInconclusive(failure)) {
    return stillUnknown(shape, failed, step, failure.message, retryAtMs, atMs);
  }
  switch (failure.class) {
    case 'hold':
      // A person has decided already: the cancel that was accepted is not to wait for another one.
      if (mustCompensate(failed)) return compensate(shape, failed, CANCELLED);
      return markStuck(failed, failure);
    case 'terminal':
      return giveUp(shape, failed, failure, atMs);
    case 'in-doubt':
      if (mustCompensate(failed)) return compensate(shape, failed, CANCELLED);
      if (!shapeAt(shape, step).canObserve) return again(shape, failed, event);
      return { ...withStep(failed, step, { status: 'in-doubt' }), notBeforeMs: retryAtMs };
    case 'unavailable':
      if (mustCompensate(failed)) return compensate(shape, failed, CANCELLED);
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
  if (mustCompensate(state)) return compensate(shape, state, CANCELLED);
  const { attempts } = stepAt(state, step);
  const { kind, bestEffort } = shapeAt(shape, step);
  if (attempts < shapeAt(shape, step).attempts) {
    return {
      ...withStep(state, step, { status: 'waiting', attempts: attempts + 1 }),
      notBeforeMs: retryAtMs,
    };
  }
  if (kind === 'compensatable') return compensate(shape, state, failure);
  return bestEffort ? skip(shape, state, step, failure, atMs) : markStuck(state, failure);
}

// A failure that no repetition can help.
function giveUp(shape: SagaShape, state: SagaState, failure: StepFailure, atMs: number): SagaState {
  const step = state.cursor;
  const { kind, bestEffort } = shapeAt(shape, step);
  if (kind === 'compensatable') return compensate(shape, state, failure);
  if (kind === 'pivot') {
    const cause = { ...failure, step: stepAt(state, step).name };
    return {
      ...withStep(state, step, { status: 'aborting', unknowns: 0 }),
      notBeforeMs: null,
      cause,
    };
  }
  return bestEffort ? skip(shape, state, step, failure, atMs) : markStuck(state, failure);
}

export function skip(
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
  return advance(shape, skipped, step, atMs);
}

export function observe(
  shape: SagaShape,
  state: SagaState,
  event: Extract<SagaEvent, { type: 'observed' }>,
): SagaState {
  const { step, observed, atMs, retryAtMs } = event;
  switch (observed.outcome) {
    case 'landed':
      return succeed(shape, state, { step, ...successOf(observed), atMs });
    case 'absent': {
      const failure = stepAt(state, step).error ?? NOT_LANDED;
      const known = withStep(state, step, { status: 'running', unknowns: 0 });
      return again(shape, known, { step, failure, retryAtMs, atMs });
    }
    case 'unknown':
      return stillUnknown(shape, state, step, observed.reason, retryAtMs, atMs);
    default:
      return assertNever(observed);
  }
}

export function abort(
  shape: SagaShape,
  state: SagaState,
  { step, observed, atMs, retryAtMs }: Extract<SagaEvent, { type: 'aborted' }>,
): SagaState {
  switch (observed.outcome) {
    case 'landed':
      return succeed(shape, { ...state, cause: null }, { step, ...successOf(observed), atMs });
    case 'absent':
      return compensate(shape, state, state.cause ?? NOT_LANDED);
    case 'unknown':
      return stillUnknown(shape, state, step, observed.reason, retryAtMs, atMs);
    default:
      return assertNever(observed);
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
  if (mustCompensate(state)) return compensate(shape, state, CANCELLED);
  const unknowns = stepAt(state, step).unknowns + 1;
  const failure: StepFailure = { class: 'in-doubt', code: 'OUTCOME_UNKNOWN', message: reason };
  const noted = withStep(state, step, { unknowns, error: failure });
  const { kind, attempts, bestEffort } = shapeAt(shape, step);
  if (unknowns < attempts) return { ...noted, notBeforeMs: retryAtMs };
  if (kind === 'compensatable') return compensate(shape, noted, failure);
  return bestEffort ? skip(shape, noted, step, failure, atMs) : markStuck(noted, failure);
}

const NOT_LANDED: StepFailure = {
  class: 'retryable',
  code: 'NOT_LANDED',
  message: 'the effect was observed not to have happened',
};

function successOf(observed: Extract<Observation, { outcome: 'landed' }>) {
  return { value: observed.value ?? null, warnings: observed.warnings ?? [] };
}
