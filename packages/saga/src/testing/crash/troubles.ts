// The troubles that any definition meets, derived from its steps: none, a step that fails for good, a pivot that cannot
// succeed any more, a step that is skipped, a cancel at the last moment. Together they lead through every step, forwards
// and backwards.

import type { CompensatableStep, SagaDefinition } from '../../definition.ts';
import { TerminalError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { Trouble } from './crash-test.ts';
import { deedOf, pointOf } from './points.ts';

export function troublesOf<Input extends Json>({
  steps,
}: SagaDefinition<Input>): readonly Trouble[] {
  const undoable = steps.filter((step) => step.kind === 'compensatable');
  const pivot = steps.find(({ kind }) => kind === 'pivot');
  const last = undoable.at(-1);
  const skippable = steps.filter((step) => step.kind === 'retriable' && step.bestEffort === true);
  return [
    NO_TROUBLE,
    ...undoable.map(({ name }) => failing(name, 'after')),
    ...(pivot === undefined ? [] : [failing(pivot.name, 'before'), failingLater(pivot.name)]),
    ...skippable.map(({ name }) => skipped(name)),
    ...(last === undefined ? [] : [cancelledIn(last)]),
  ];
}

export const NO_TROUBLE: Trouble = { title: 'no trouble', ends: 'completed', faults: 'two' };

export function failing(step: string, moment: 'before' | 'after'): Trouble {
  return {
    title: `${step} fails for good ${moment} its effect`,
    ends: 'undone',
    // Before its effect it is the pivot, with everything done that there is to undo.
    faults: moment === 'before' ? 'two' : 'one',
    interferes: { at: pointOf(deedOf('run', step), moment), does: failure },
  };
}

/** After its effect, so that the world is whole; its result is missing. */
function skipped(step: string): Trouble {
  return { ...failing(step, 'after'), ends: 'completed' };
}

export function failingLater(step: string): Trouble {
  return {
    title: `${step} fails for good for every worker but the first`,
    ends: 'completed',
    faults: 'two',
    interferes: { at: pointOf(deedOf('run', step), 'before'), does: failure, isLater: true },
  };
}

function cancelledIn<Input extends Json>({ name, canUndo }: CompensatableStep<Input>): Trouble {
  return {
    title: `cancelled in ${name}`,
    // No cancel is taken from the begin of a step on that cannot be undone.
    ...(canUndo === undefined && { ends: 'undone' }),
    faults: 'two',
    interferes: { at: pointOf(deedOf('run', name), 'before'), does: 'cancel' },
  };
}

const failure = () => new TerminalError('NEVER', 'it cannot be done');
