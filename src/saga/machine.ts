// The heart of the engine, as a pure function pair: `decide` says what to do next in a state, `apply` says
// which state an event leads to. No clock, no I/O, no randomness: moments come in with the events. The
// runner does what `decide` says, one command at a time, and stores what `apply` gives.
//
// I1: every path ends completed, compensated, cancelled or stuck. I6: `pivotBegun` is set by the event that
// begins the pivot, and once it is set the only way back leads through `abort`. I9: phases never go back:
// an event that does not fit the state changes nothing (the same object is returned).

import { assertNever } from '../domain/assert-never.ts';
import type { Observation, Warning } from './definition.ts';
import type { Json } from './json.ts';
import type { SagaShape, StepShape } from './shape.ts';
import type { Phase, SagaState, StepFailure, StepState } from './state.ts';

export type Command =
  /** Ended or stuck: nothing to do. */
  | { readonly type: 'rest' }
  /** Raise the epoch in the outside world: the saga was resumed. */
  | { readonly type: 'fence' }
  | { readonly type: 'capture-all' }
  | { readonly type: 'capture'; readonly step: number }
  | { readonly type: 'run'; readonly step: number }
  | { readonly type: 'observe'; readonly step: number }
  | { readonly type: 'abort'; readonly step: number }
  | { readonly type: 'compensate'; readonly step: number };

interface Moment {
  /** Database time, ms. */
  readonly atMs: number;
}

interface Again extends Moment {
  /** Not before this moment, if the step is tried again; null: at once. */
  readonly retryAtMs: number | null;
}

interface Success extends Moment {
  readonly value: Json | null;
  readonly warnings: readonly Warning[];
}

export type SagaEvent =
  | { readonly type: 'claimed'; readonly resumed: boolean }
  | { readonly type: 'effects-fenced' }
  | ({ readonly type: 'captured-all'; readonly captures: readonly (Json | null)[] } & Moment)
  | { readonly type: 'captured'; readonly step: number; readonly capture: Json }
  | ({ readonly type: 'succeeded'; readonly step: number } & Success)
  | ({ readonly type: 'failed'; readonly step: number; readonly failure: StepFailure } & Again)
  | ({ readonly type: 'observed'; readonly step: number; readonly seen: Observation } & Again)
  | ({ readonly type: 'aborted'; readonly step: number; readonly seen: Observation } & Again)
  | ({ readonly type: 'compensated'; readonly step: number } & Moment)
  | ({
      readonly type: 'compensation-failed';
      readonly step: number;
      readonly failure: StepFailure;
    } & Again)
  | ({ readonly type: 'cancel-requested' } & Moment)
  /** An operator sends a stuck saga on its way again, in the direction it was going. */
  | ({ readonly type: 'retry-ordered' } & Moment);

export function initialState(shape: SagaShape): SagaState {
  return {
    phase: 'queued',
    cursor: 0,
    steps: shape.steps.map(({ name }) => ({ ...NEW_STEP, name })),
    cancelRequested: false,
    pivotBegun: false,
    mustFence: false,
    startedAtMs: null,
    notBeforeMs: null,
    cause: null,
    stuckFrom: null,
    warnings: [],
  };
}

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
  return { type: status === 'in-doubt' ? 'observe' : 'run', step: cursor };
}

export function apply(shape: SagaShape, state: SagaState, event: SagaEvent): SagaState {
  if (event.type === 'cancel-requested') return cancel(shape, state);
  if (event.type === 'retry-ordered') return unstick(shape, state, event);
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
    case 'succeeded':
      return isWorkingOn(state, event.step, 'running') ? succeed(shape, state, event) : state;
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

/** Ended, or waiting for a person. */
export function isAtRest(phase: Phase): boolean {
  return phase === 'stuck' || isEnded(phase);
}

export function isEnded(phase: Phase): boolean {
  return phase === 'completed' || phase === 'compensated' || phase === 'cancelled';
}

const NEW_STEP: Omit<StepState, 'name'> = {
  status: 'pending',
  attempts: 0,
  compensations: 0,
  unknowns: 0,
  capture: null,
  value: null,
  error: null,
  startedAtMs: null,
  finishedAtMs: null,
};

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
    pivotBegun: state.pivotBegun || shapeAt(shape, step).kind === 'pivot',
  };
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
      return { ...failed, notBeforeMs: retryAtMs };
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
      ...withStep(state, step, { status: 'running', attempts: attempts + 1 }),
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

// With fresh budgets and a fresh deadline (the old one has passed while nobody was looking), in the direction
// it was going: forward is refused once a compensation has begun, because `stuckFrom` says so. What the stuck
// attempt did is asked of the world first.
function unstick(shape: SagaShape, state: SagaState, { atMs }: Moment): SagaState {
  if (state.phase !== 'stuck' || state.stuckFrom === null) return state;
  const going = {
    ...state,
    phase: state.stuckFrom,
    stuckFrom: null,
    cause: null,
    startedAtMs: atMs,
  };
  if (state.stuckFrom === 'compensating') {
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

function mustTurnBack(state: SagaState): boolean {
  return state.cancelRequested && !state.pivotBegun;
}

function isWorkingOn(state: SagaState, step: number, phase: Phase): boolean {
  return state.phase === phase && state.cursor === step;
}

function withStep(state: SagaState, index: number, change: Partial<StepState>): SagaState {
  return { ...state, steps: state.steps.with(index, { ...stepAt(state, index), ...change }) };
}

function stepAt(state: SagaState, index: number): StepState {
  const step = state.steps[index];
  if (step === undefined) throw new RangeError(`no step ${index}`);
  return step;
}

function shapeAt(shape: SagaShape, index: number): StepShape {
  const step = shape.steps[index];
  if (step === undefined) throw new RangeError(`no step ${index} in the definition`);
  return step;
}
