// A saga that yields: it holds its key against its like, and gives it up, at any moment, to one that matters more.

import { expect, it } from 'vitest';
import type { StepCall } from '../../src/definition.ts';
import { TerminalError } from '../../src/errors.ts';
import type { Sagas } from '../../src/sagas.ts';
import { setUpEngine } from '../support/saga-engine.ts';
import { createGate, sagaOf } from '../support/saga-world.ts';

const WITHIN_MS = 60_000;
const KEY = { key: 'one' };
const ORDER = { subject: 'somebody', requestedBy: 'a test', input: KEY };

async function setUp(run: (call: StepCall) => Promise<void> = async () => undefined) {
  const { engine, world } = await setUpEngine((make, { act }) => [
    sagaOf(
      [
        make.undoable('care', {
          compensate: async () => undefined,
          run: async (call) => {
            await run(call);
            await call.fence();
            await act('care', call);
            return {};
          },
        }),
      ],
      { name: 'care', preemptibleWithinMs: WITHIN_MS },
    ),
    sagaOf([make.retriable('work')], { name: 'work' }),
  ]);
  const keyOf = () => engine.sagas.findByKey(JSON.stringify(KEY), 10);
  const preempt = async (): ReturnType<Sagas['preempt']> =>
    engine.sagas.preempt(await keyOf(), 'a test');
  const start = (kind: string, notBeforeMs: number | null = null) =>
    engine.sagas.start({ ...ORDER, kind, notBeforeMs });
  return { engine, world, keyOf, preempt, start };
}

it('in the middle of its step: ended at once, its worker does nothing more, and the next waits for its last call', async () => {
  const gate = createGate();
  const { engine, world, preempt, start } = await setUp(gate.pass);
  const { saga: care } = await start('care');
  const running = engine.run(care.id);
  await gate.reached;

  const room = await preempt();

  expect(await engine.sagas.find(care.id)).toMatchObject({
    open: false,
    state: { phase: 'cancelled' },
  });
  expect(room.others).toEqual([]);
  const endedMs = Date.parse((await engine.sagas.find(care.id))?.finishedAt ?? '');
  expect((room.notBeforeMs ?? 0) - endedMs).toBeGreaterThanOrEqual(WITHIN_MS);
  const work = await start('work', room.notBeforeMs);
  expect(work.status).toBe('inserted');
  expect(await engine.run(work.saga.id)).toEqual({ status: 'later', atMs: room.notBeforeMs });
  await engine.pass(2_000);
  gate.open();
  expect((await running).status).toBe('fenced');
  expect(world.order).toEqual([]);
  await engine.pass(WITHIN_MS);
  expect((await engine.runToRest(work.saga.id)).state.phase).toBe('completed');
});

it('never begun: ended at once, and there is nothing to wait for', async () => {
  const { engine, preempt, start } = await setUp();
  const { saga } = await start('care');
  expect(await preempt()).toEqual({ others: [], notBeforeMs: null });
  expect((await engine.runToRest(saga.id)).state.phase).toBe('cancelled');
});

it('ended a moment ago: waited for, unless it has heard the answer of its last call', async () => {
  let fails = true;
  const { engine, keyOf, preempt, start } = await setUp(async () => {
    if (fails) throw new TerminalError('LOST', 'nobody knows');
  });
  const first = await engine.runToRest((await start('care')).saga.id);
  expect(first.state.phase).toBe('compensated');
  expect((await preempt()).notBeforeMs).toBe(Date.parse(first.finishedAt ?? '') + WITHIN_MS);
  await engine.pass(2 * WITHIN_MS);
  expect((await preempt()).notBeforeMs).toBeNull();
  fails = false;
  const second = await engine.runToRest((await start('care')).saga.id);
  expect(second.state.phase).toBe('completed');
  expect((await preempt()).notBeforeMs).toBeNull();
  expect(await keyOf()).toHaveLength(2);
});

it('against its like, and before one that does not yield: the key stays where it is', async () => {
  const { preempt, start } = await setUp();
  const first = await start('care');
  expect(await start('care')).toMatchObject({ status: 'exists', saga: { id: first.saga.id } });
  await preempt();
  const work = await start('work');
  expect((await preempt()).others).toMatchObject([{ id: work.saga.id, open: true }]);
});
