// The state that a saga is accepted in: queued, nothing captured, nothing begun.

import type { StepShape } from './shape.ts';
import type { SagaState, StepState } from './state.ts';

/** @param shape only the names of its steps count. */
export function initialState(shape: {
  readonly steps: readonly Pick<StepShape, 'name'>[];
}): SagaState {
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
