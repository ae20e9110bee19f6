import { expect, it } from 'vitest';
import type { SagaEvent } from '../../src/saga/events.ts';
import { initialState } from '../../src/saga/initial-state.ts';
import { mustLandFirst, needsMajority } from '../../src/saga/journal.ts';
import { apply } from '../../src/saga/machine.ts';
import type { SagaShape } from '../../src/saga/shape.ts';

const STEP = { attempts: 2, compensations: 2, canObserve: true, bestEffort: false } as const;
const SHAPE: SagaShape = {
  steps: [
    { ...STEP, name: 'lock', kind: 'compensatable' },
    { ...STEP, name: 'pay', kind: 'pivot' },
  ],
};
const SUCCESS = { value: null, warnings: [], atMs: 1 };

it('the pivot is to be aborted: on a majority before it is, so that no log forgets it (I6)', () => {
  const paying = [
    { type: 'captured-all', captures: ['c', null], atMs: 1 } as const,
    { type: 'succeeded', step: 0, ...SUCCESS } as const,
  ].reduce((state, one) => apply(SHAPE, state, one), initialState(SHAPE));
  const failure = { class: 'terminal', code: 'NEVER', message: 'it cannot be' } as const;
  const event: SagaEvent = { type: 'failed', step: 1, failure, atMs: 2, retryAtMs: 2 };
  const change = { before: paying, event, after: apply(SHAPE, paying, event) };
  expect(change.after.steps[1]?.status).toBe('aborting');
  expect([mustLandFirst(change), needsMajority(SHAPE, change)]).toEqual([true, true]);
});
