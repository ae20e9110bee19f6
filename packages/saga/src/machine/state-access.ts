// Reading and changing one step of a state. A step that is not there is a mistake of this program, never a
// state of a saga: it is thrown, not guessed around.

import type { SagaShape, StepShape } from './shape.ts';
import type { Phase, SagaState, StepState } from './state.ts';

export function mustCompensate(state: SagaState): boolean {
  return state.cancelRequested && !state.pivotBegun;
}

export function isWorkingOn(state: SagaState, step: number, phase: Phase): boolean {
  return state.phase === phase && state.cursor === step;
}

export function withStep(state: SagaState, index: number, change: Partial<StepState>): SagaState {
  return { ...state, steps: state.steps.with(index, { ...stepAt(state, index), ...change }) };
}

export function stepAt(state: SagaState, index: number): StepState {
  const step = state.steps[index];
  if (step === undefined) throw new RangeError(`no step ${index}`);
  return step;
}

export function shapeAt(shape: SagaShape, index: number): StepShape {
  const step = shape.steps[index];
  if (step === undefined) throw new RangeError(`no step ${index} in the definition`);
  return step;
}
