// The compensation of a saga, as pure transitions: over every compensatable step that has a capture, in reverse, and to
// a stand where no repetition helps. I6: the caller that begins the compensation has shown that the pivot has not
// happened.

import type { SagaEvent } from './events.ts';
import type { SagaShape } from './shape.ts';
import type { SagaState, StepFailure } from './state.ts';
import { shapeAt, stepAt, withStep } from './state-access.ts';

export const CANCELLED: StepFailure = {
  class: 'terminal',
  code: 'CANCELLED',
  message: 'cancelled on request before the point of no return',
};

// Backwards over EVERY compensatable step that has a capture, recorded as run or not: the log may be
// behind the world, the capture is not.
export function compensate(shape: SagaShape, state: SagaState, cause: StepFailure): SagaState {
  const { name, status } = stepAt(state, state.cursor);
  const locked = status === 'done' ? state : withStep(state, state.cursor, { status: 'failed' });
  const back: SagaState = {
    ...locked,
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

export function undone(
  shape: SagaShape,
  state: SagaState,
  { step, atMs, warnings = [] }: Extract<SagaEvent, { type: 'compensated' }>,
): SagaState {
  const compensated = withStep(state, step, { status: 'compensated', finishedAtMs: atMs });
  const told =
    warnings.length === 0
      ? compensated
      : { ...compensated, warnings: [...state.warnings, ...warnings] };
  return undoFrom(shape, told, step - 1);
}

export function undoFailed(
  shape: SagaShape,
  state: SagaState,
  { step, failure, retryAtMs }: Extract<SagaEvent, { type: 'compensation-failed' }>,
): SagaState {
  const { compensations } = stepAt(state, step);
  const noted = withStep(state, step, { error: failure });
  if (failure.class === 'unavailable') return { ...noted, notBeforeMs: retryAtMs };
  const isHopeless = failure.class === 'terminal' || failure.class === 'hold';
  if (isHopeless || compensations >= shapeAt(shape, step).compensations) {
    return markStuck(noted, failure);
  }
  return {
    ...withStep(noted, step, { compensations: compensations + 1 }),
    notBeforeMs: retryAtMs,
  };
}

// A pivot that is being aborted stays so: it can never land again, and a retry of the saga continues the abort.
export function markStuck(state: SagaState, failure: StepFailure): SagaState {
  const from = state.phase === 'compensating' ? 'compensating' : 'running';
  const { name, status } = stepAt(state, state.cursor);
  const hasFailed = from === 'running' && status !== 'aborting';
  return {
    ...(hasFailed ? withStep(state, state.cursor, { status: 'failed' }) : state),
    phase: 'stuck',
    stuckFrom: from,
    notBeforeMs: null,
    cause: { ...failure, step: name },
  };
}
