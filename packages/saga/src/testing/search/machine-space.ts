// The states of the machine as small numbers, and where each event leads, worked out once. Two states that differ
// only in what the machine never reads again (moments, counts of finished steps, the wording of errors) are one, so
// that the space stays finite and small.

import type { SagaEvent } from '../../machine/events.ts';
import { apply } from '../../machine/machine.ts';
import type { SagaShape } from '../../machine/shape.ts';
import {
  initialState,
  isAtRest,
  type SagaState,
  type StepFailure,
  type StepState,
} from '../../machine/state.ts';

/** A state of the machine, by its number. */
export type StateId = number;

export function createMachineSpace(shape: SagaShape) {
  const ids = new Map<string, StateId>();
  const states: SagaState[] = [];
  const leads = new Map<SagaEvent, Map<StateId, StateId>>();

  function intern(state: SagaState): StateId {
    const bare = strip(state);
    const key = JSON.stringify(bare);
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, states.length);
    return states.push(bare) - 1;
  }

  function stateOf(id: StateId): SagaState {
    const state = states[id];
    if (state === undefined) throw new RangeError(`no state ${id}`);
    return state;
  }

  function leadsOf(event: SagaEvent): Map<StateId, StateId> {
    const known = leads.get(event) ?? new Map<StateId, StateId>();
    leads.set(event, known);
    return known;
  }

  return {
    initial: intern(initialState(shape)),
    stateOf,
    apply: (id: StateId, event: SagaEvent): StateId => {
      const known = leadsOf(event);
      const after = known.get(id) ?? intern(apply(shape, stateOf(id), event));
      known.set(id, after);
      return after;
    },
  };
}

const FAILED: StepFailure = { class: 'retryable', code: 'X', message: 'x' };

function strip(state: SagaState): SagaState {
  const { phase, cursor, steps, startedAtMs, notBeforeMs, cause, warnings } = state;
  return {
    ...state,
    steps: steps.map((step, index) =>
      index === cursor && !isAtRest(phase) ? stripCurrent(state, step) : { ...step, ...SPENT },
    ),
    startedAtMs: startedAtMs === null ? null : 1,
    notBeforeMs: notBeforeMs === null ? null : 2,
    cause: cause === null ? null : { ...FAILED, step: '' },
    warnings: [...new Set(warnings.map(({ code }) => code))]
      .sort()
      .map((code) => ({ code, message: '' })),
  };
}

const SPENT = {
  attempts: 0,
  compensations: 0,
  unknowns: 0,
  error: null,
  startedAtMs: null,
  finishedAtMs: null,
} as const;

function stripCurrent({ phase }: SagaState, step: StepState): StepState {
  const { attempts, compensations, unknowns, error } = step;
  const counts =
    phase === 'compensating' ? { compensations } : { attempts, unknowns, error: error && FAILED };
  return { ...step, ...SPENT, ...counts };
}
