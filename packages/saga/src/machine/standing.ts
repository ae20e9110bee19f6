// Where a saga stands, as far as a cancel goes by it: all that decides whether it may come, and what it does to a saga that
// runs. An attempt that failed and the next one that begins change nothing of it, so a cancel that was decided on one record
// means the same on every other with the same standing, and a step that is retried all the time cannot outrun it. What the
// pivot changes is part of it (I6).

import type { SagaDefinition } from '../definition.ts';
import type { Json } from '../json.ts';
import type { SagaState } from './state.ts';

/** A step, as far as its undo goes by it; captures are written once. */
interface StepStanding {
  readonly isPending: boolean;
  readonly isCaptured: boolean;
}

export interface Standing
  extends Pick<SagaState, 'phase' | 'cursor' | 'pivotBegun' | 'cancelRequested'> {
  readonly steps: readonly StepStanding[];
}

export function standingOf(state: SagaState): Standing {
  const { phase, cursor, pivotBegun, cancelRequested } = state;
  const steps = state.steps.map(({ status, capture }) => {
    return { isPending: status === 'pending', isCaptured: capture !== null };
  });
  return { phase, cursor, pivotBegun, cancelRequested, steps };
}

export function isSameStanding(one: SagaState, other: SagaState): boolean {
  return JSON.stringify(standingOf(one)) === JSON.stringify(standingOf(other));
}

/** Whether a saga can still be compensated: every compensatable step that has begun can undo what its capture says (I6).
 * The code that accepts a cancel checks it on the record that the cancel lands on, so the change that rules out an undo
 * must be on a majority before the step's first effect: else a cancel could land on a record in which that step has not
 * begun. A step without a capture has had no effect yet. */
export function canUndo({ steps }: Pick<SagaDefinition, 'steps'>, state: SagaState): boolean {
  return steps.every((step, index) => {
    const { capture = null, status = 'pending' } = state.steps[index] ?? {};
    if (step.kind !== 'compensatable' || capture === null || status === 'pending') return true;
    return step.canUndo === undefined || canBeUndone(step.canUndo, capture);
  });
}

/** What cannot be told, because another release has stored the capture, is not promised. */
function canBeUndone(ask: (capture: Json) => boolean, capture: Json): boolean {
  try {
    return ask(capture);
  } catch {
    return false;
  }
}
