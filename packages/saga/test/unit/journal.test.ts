import { expect, it } from 'vitest';
import { inertPorts } from '../../../../test/support/inert-ports.ts';
import type { SagaEvent } from '../../src/machine/events.ts';
import { initialState } from '../../src/machine/initial-state.ts';
import { apply } from '../../src/machine/machine.ts';
import type { SagaShape } from '../../src/machine/shape.ts';
import { createRegistry } from '../../src/registry.ts';
import { createJournal, mustLandFirst, needsMajority } from '../../src/run/journal.ts';
import { sagaOf, stepsOf } from '../support/saga-world.ts';
import { recordOf } from '../support/saga-writes.ts';

const STEP = { attempts: 2, compensations: 2, canObserve: true, bestEffort: false } as const;
const SHAPE: SagaShape = {
  steps: [
    { ...STEP, name: 'lock', kind: 'compensatable' },
    { ...STEP, name: 'pay', kind: 'pivot' },
  ],
};
/** With a step behind the pivot, so that its end is not the saga's. */
const FOLLOWED: SagaShape = {
  steps: [...SHAPE.steps, { ...STEP, name: 'tell', kind: 'retriable' }],
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

it('the pivot has ended: on a majority, so that no failover takes back that the money has moved (I6)', () => {
  const paying = [
    { type: 'captured-all', captures: ['c', null], atMs: 1 } as const,
    { type: 'succeeded', step: 0, ...SUCCESS } as const,
  ].reduce((state, one) => apply(FOLLOWED, state, one), initialState(FOLLOWED));
  const event: SagaEvent = { type: 'succeeded', step: 1, ...SUCCESS };
  const change = { before: paying, event, after: apply(FOLLOWED, paying, event) };
  expect(change.after).toMatchObject({ cursor: 2, phase: paying.phase });
  // It may be written late, because it can be observed.
  expect([mustLandFirst(change), needsMajority(FOLLOWED, change)]).toEqual([false, true]);
});

it.each([
  { when: 'a moment ago', laterMs: 99, databaseMs: 99, isProven: true },
  { when: 'longer ago', laterMs: 100, databaseMs: 100, isProven: false },
  {
    when: 'longer ago, and the database clock has gone back since',
    laterMs: 11_000,
    databaseMs: -1_000,
    isProven: false,
  },
  {
    when: 'longer ago, and the database clock has gone back by as much',
    laterMs: 5_020,
    databaseMs: 20,
    isProven: false,
  },
  { when: 'in the future of a clock that is none', laterMs: -1, databaseMs: 20, isProven: false },
])('a claim proven $when: a fence believes it: $isProven (I5)', (given) => {
  const SENT_MS = 1_000_000;
  let [nowMs, monotonicMs] = [SENT_MS, SENT_MS];
  const clock = { nowMs: () => nowMs, monotonicMs: () => monotonicMs };
  const registry = createRegistry([sagaOf([stepsOf(inertPorts()).undoable('a')])]);
  const registered = registry.find('test-saga', 1);
  if (registered === undefined) throw new Error('no such saga');
  const record = recordOf();
  const journal = createJournal(
    { log: inertPorts(), clock, random: () => 0, onTransition: () => undefined },
    registered,
    { sagaId: record.id, epoch: 1, owner: 'o' },
    new AbortController().signal,
    { record, sentAtMs: SENT_MS },
  );
  nowMs += given.databaseMs;
  monotonicMs += given.laterMs;
  expect(journal.isProven()).toBe(given.isProven);
});
