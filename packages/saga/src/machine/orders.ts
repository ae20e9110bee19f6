// What people order, as pure transitions: the cancel of a caller, and the verbs of an operator. Each changes nothing
// (the same object is returned) where it is not allowed: that is how a verb is refused.

import { CANCELLED, compensate, markStuck } from './backward.ts';
import { skip } from './forward.ts';
import type { SagaShape } from './shape.ts';
import { isEnded, type SagaState, type StepFailure } from './state.ts';
import { shapeAt, stepAt, withStep } from './state-access.ts';

export function cancel(shape: SagaShape, state: SagaState): SagaState {
  if (state.phase === 'queued') return { ...state, phase: 'cancelled', cancelRequested: true };
  if (state.pivotBegun || state.cancelRequested) return state;
  if (state.phase === 'running') return { ...state, cancelRequested: true, notBeforeMs: null };
  // Stuck on the way forward: no worker is on it, so the compensation can begin here and now.
  return state.phase === 'stuck' && state.stuckFrom === 'running'
    ? { ...compensate(shape, { ...state, stuckFrom: null }, CANCELLED), cancelRequested: true }
    : state;
}

// At once, even under a worker's hands: what it does from here on meets a saga that has ended. Only for sagas whose
// effects need no undo.
export function endPreempted(shape: SagaShape, state: SagaState): SagaState {
  if (shape.preemptible !== true || isEnded(state.phase)) return state;
  return {
    ...state,
    phase: 'cancelled',
    cancelRequested: true,
    stuckFrom: null,
    notBeforeMs: null,
  };
}

// Stuck where it is, regardless of what it waits for, in the direction it was going: from there on the other verbs lead. What
// its last attempt did is unknown, as of every stuck saga. One that is queued has done nothing: a cancel ends it.
export function orderHold(state: SagaState): SagaState {
  if (state.phase !== 'running' && state.phase !== 'compensating') return state;
  const { error } = stepAt(state, state.cursor);
  const last = error === null ? '' : `, after ${error.code}: ${error.message}`;
  return markStuck(state, { class: 'hold', code: 'HELD', message: `held by an operator${last}` });
}

// With fresh budgets and deadlines, in the direction it was going: forward is refused once a compensation has begun,
// because `stuckFrom` records it. What the stuck attempt did is observed first; a pivot that was being aborted
// still is. Its error goes to the history alone: a worker that comes after the new deadline is to try at least once, not
// to give up for the old reason.
export function resumeStuck(
  shape: SagaShape,
  state: SagaState,
  { atMs, choice = state.choice }: { readonly atMs: number; readonly choice?: string | undefined },
): SagaState {
  if (state.phase !== 'stuck' || state.stuckFrom === null) return state;
  const { startedAtMs, stuckFrom } = state;
  const going: SagaState = {
    ...state,
    phase: stuckFrom,
    stuckFrom: null,
    cause: null,
    startedAtMs: startedAtMs === null ? null : atMs,
    ...(choice === undefined ? {} : { choice }),
  };
  if (stuckFrom === 'compensating') {
    return withStep(going, state.cursor, { status: 'compensating', compensations: 1 });
  }
  if (stepAt(state, state.cursor).status === 'aborting') {
    return { ...withStep(going, state.cursor, { unknowns: 0 }), cause: state.cause };
  }
  const status = shapeAt(shape, state.cursor).canObserve ? 'in-doubt' : 'running';
  return withStep(going, state.cursor, { status, attempts: 1, unknowns: 0, error: null });
}

/** Back, before the point of no return only (I6): a saga that is stuck on its way forward. */
export function orderBack(shape: SagaShape, state: SagaState): SagaState {
  const isForward = state.phase === 'stuck' && state.stuckFrom === 'running';
  if (!isForward || state.pivotBegun) return state;
  return compensate(shape, { ...state, stuckFrom: null }, ORDERED_BACK);
}

/** Over a best-effort step that is stuck or waits for another attempt; what it leaves is for the
 * operator to clear. */
export function orderSkip(shape: SagaShape, state: SagaState, atMs: number): SagaState {
  if (!shapeAt(shape, state.cursor).bestEffort) return state;
  const isStuck = state.phase === 'stuck' && state.stuckFrom === 'running';
  const isWaiting = state.phase === 'running' && stepAt(state, state.cursor).status === 'waiting';
  if (!isStuck && !isWaiting) return state;
  const going: SagaState = { ...state, phase: 'running', stuckFrom: null, cause: null };
  return skip(shape, going, state.cursor, ORDERED_SKIP, atMs);
}

/** An end that a person vouches for: a stuck saga is over, regardless of what is left of it. */
export function orderEnd(state: SagaState, outcome: 'completed' | 'compensated'): SagaState {
  if (state.phase !== 'stuck') return state;
  const warning = {
    code: 'resolved-by-hand',
    message: `${state.cause?.code ?? 'stuck'}: an operator vouches that it is ${outcome}`,
  };
  return {
    ...state,
    phase: outcome,
    stuckFrom: null,
    notBeforeMs: null,
    warnings: [...state.warnings, warning],
  };
}

const ORDERED_BACK: StepFailure = {
  class: 'terminal',
  code: 'ORDERED_BACK',
  message: 'taken back by an operator before the point of no return',
};

const ORDERED_SKIP: StepFailure = {
  class: 'terminal',
  code: 'ORDERED_SKIP',
  message: 'skipped by an operator',
};
