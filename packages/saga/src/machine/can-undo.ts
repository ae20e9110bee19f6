// Whether a saga can still be compensated: every compensatable step that has begun can undo what its capture says (I6).
// The code that accepts a cancel checks it on the record that the cancel lands on, so the change that rules out an undo
// must be on a majority before the step's first effect: else a cancel could land on a record in which that step has not
// begun.

import type { SagaDefinition } from '../definition.ts';
import type { SagaState } from './state.ts';

/** Of the definition and state of one saga. A step without a capture has had no effect yet. */
export function canUndo({ steps }: Pick<SagaDefinition, 'steps'>, state: SagaState): boolean {
  return steps.every((step, index) => {
    const { capture = null, status = 'pending' } = state.steps[index] ?? {};
    if (step.kind !== 'compensatable' || capture === null || status === 'pending') return true;
    return step.canUndo?.(capture) ?? true;
  });
}
