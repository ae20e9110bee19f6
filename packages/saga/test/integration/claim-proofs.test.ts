// How a saga that runs proves its claim before a call that cannot be fenced (I5): by a write that it owes anyway where
// there is one, else by a write for the proof alone.

import { expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { StepCall } from '../../src/definition.ts';
import type { SagaLog } from '../../src/log/saga-log.ts';
import { toSagaId } from '../../src/saga-id.ts';
import { createTestEngine, LEASE_MS } from '../support/saga-engine.ts';
import { createSagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';
import { claimRequest } from '../support/saga-writes.ts';

/** Two steps, of which the second does what the test says before its effect. Time stands still: the claim stays proved. */
async function setUp(beforeEffect: (call: StepCall) => Promise<void>) {
  const db = await createTestDatabase();
  const world = await createSagaWorld(db);
  const make = stepsOf(world);
  const writes: string[] = [];
  const noted = (log: SagaLog): SagaLog => ({
    ...log,
    commit: (write) => {
      const types = write.events.map(({ type, step }) => `${type} ${step}`);
      writes.push(`${types.join(', ')} on ${write.durability}`);
      return log.commit(write);
    },
    prove: (claim) => {
      writes.push('proof');
      return log.prove(claim);
    },
  });
  const engine = await createTestEngine({
    db,
    definitions: [
      sagaOf([
        make.undoable('a'),
        make.undoable('b', {
          run: async (call) => {
            await beforeEffect(call);
            await world.act('b', call);
            return {};
          },
        }),
      ]),
    ],
    wrapLog: noted,
    wrapClock: (clock) => ({ ...clock, monotonicMs: () => 0 }),
  });
  return { engine, world, writes };
}

it('a step asks for a proof while the one before it is unwritten: that write, on a majority, is the proof (I5)', async () => {
  const seen: string[][] = [];
  const { engine, writes } = await setUp(async (call) => {
    const before = writes.length;
    await call.fencedWrite();
    await call.fencedWrite();
    seen.push(writes.slice(before));
  });
  expect((await engine.runToRest(await engine.start())).state.phase).toBe('completed');
  expect(seen).toEqual([['succeeded a on majority', 'proof']]);
});

it('another worker has claimed the saga while a step is unwritten: the next one does nothing after it asked for a proof (I5)', async () => {
  const { engine, world } = await setUp(async (call) => {
    await engine.pass(LEASE_MS + 1_000);
    await engine.log.claim(toSagaId(call.sagaId), claimRequest());
    await call.fencedWrite();
  });
  const id = await engine.start();
  expect(await engine.run(id)).toEqual({ status: 'fenced' });
  expect(engine.fenced).toHaveLength(1);
  expect(await world.read('b', id)).toEqual({ done: 0, undone: 0 });
});
