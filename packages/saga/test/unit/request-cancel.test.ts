// A cancel of a saga whose worker writes before every one of its tries: it is not outrun by attempts, and comes too late to a
// pivot that has begun (I6).

import { expect, it } from 'vitest';
import { inertPorts } from '../../../../test/fakes/inert-ports.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import type { SagaEvent } from '../../src/machine/events.ts';
import { apply } from '../../src/machine/machine.ts';
import { initialState } from '../../src/machine/state.ts';
import { requestCancel } from '../../src/operate/request-cancel.ts';
import { createRegistry } from '../../src/registry.ts';
import { createMemorySagaLog } from '../../src/testing/log/memory-saga-log.ts';
import { sagaOf, stepsOf } from '../support/saga-world.ts';
import { claimOf, commitAs, newSaga } from '../support/saga-writes.ts';

const FAILURE = { class: 'retryable', code: 'BUSY', message: 'not now' } as const;
const DONE = { value: null, warnings: [], atMs: 2 };

/** A saga in its first step; before each try of a cancel its worker writes what the test says. */
async function setUp(eventsBeforeTry: (tries: number) => readonly SagaEvent[]) {
  const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
  const log = createMemorySagaLog(clock);
  const steps = stepsOf(inertPorts());
  const registry = createRegistry([sagaOf([steps.undoable('a'), steps.pivot('pay')])]);
  const { shape } = registry.newest('test-saga');
  const { saga } = await log.insert(newSaga({ state: initialState(shape) }));
  let held = await claimOf(log, saga);
  const write = async (event: SagaEvent) => {
    held = await commitAs(log, held, { state: apply(shape, held.saga.state, event) });
  };
  await write({ type: 'captured-all', captures: ['c', null], atMs: 1 });
  let tries = 0;
  const deps = {
    log: {
      find: log.find,
      intervene: async (order: Parameters<typeof log.intervene>[0]) => {
        for (const event of eventsBeforeTry(tries)) await write(event);
        tries += 1;
        return log.intervene(order);
      },
    },
    registry,
    clock,
  };
  const found = async (): Promise<SagaRecord | null> => log.find(saga.id);
  return { cancel: () => requestCancel(deps, saga.id, 'me'), found, tries: () => tries };
}

it('an attempt fails and the next one begins before every try: the first try lands', async () => {
  const { cancel, found, tries } = await setUp(() => [
    { type: 'failed', step: 0, failure: FAILURE, atMs: 2, retryAtMs: 2 },
    { type: 'begun', step: 0 },
  ]);
  expect(await cancel()).toMatchObject({ status: 'requested', saga: { open: true } });
  expect(tries()).toBe(1);
  expect((await found())?.state).toMatchObject({
    ...{ phase: 'running', cancelRequested: true, pivotBegun: false },
    steps: [{ status: 'running', attempts: 2 }, {}],
  });
});

it('the pivot begins before the first try: too late, and the saga is not cancelled (I6)', async () => {
  const { cancel, found, tries } = await setUp((before) =>
    before === 0 ? [{ type: 'succeeded', step: 0, ...DONE }] : [],
  );
  expect(await cancel()).toMatchObject({ status: 'too-late', by: 'pivot' });
  expect(tries()).toBe(1);
  expect((await found())?.state).toMatchObject({ pivotBegun: true, cancelRequested: false });
});
