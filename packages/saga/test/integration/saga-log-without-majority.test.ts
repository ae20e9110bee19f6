// A primary that has lost its majority and does not know it yet: it answers reads, and takes what it alone need have.
// Nothing that it says may let an effect pass that cannot be taken back (I5).

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { type ReplicaSet, startReplicaSet } from '../../../../test/support/replica-set.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { UnavailableError } from '../../src/errors.ts';
import { createTestEngine } from '../support/saga-engine.ts';
import { createTestSagaLog } from '../support/saga-log.ts';
import { createGate, createSagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';
import { commitAs, insertAndClaim } from '../support/saga-writes.ts';

let replicas: ReplicaSet;

beforeAll(async () => {
  replicas = await startReplicaSet();
}, 90_000);

afterAll(() => replicas?.stop(), 60_000);

async function setUp() {
  const db = await createTestDatabase(replicas.uri);
  onTestFinished(() => replicas.release());
  return db;
}

it('a claim is to be proved: it is not while no majority confirms it, and is again when one does', async () => {
  const { log } = await createTestSagaLog(await setUp());
  const held = await insertAndClaim(log);
  expect(await log.prove(held.claim)).toBe(true);
  replicas.hold();
  // What the primary alone need have it still takes.
  const onPrimary = await commitAs(log, held, { durability: 'primary' });
  await expect(log.prove(held.claim)).rejects.toThrow(UnavailableError);
  replicas.release();
  expect(await waitFor('a proof', () => log.prove(held.claim).catch(() => false))).toBe(true);
  expect((await commitAs(log, onPrimary)).saga.revision).toBe(held.saga.revision + 2);
});

it('a step has an effect that cannot be fenced: put off until a majority is there, then done once', async () => {
  const db = await setUp();
  const make = stepsOf(await createSagaWorld(db));
  const gate = createGate();
  const refused: unknown[] = [];
  const sent: string[] = [];
  let majority = 'there';
  const second = make.undoable('b', {
    run: async (call) => {
      await gate.pass();
      await call.fence();
      sent.push(majority);
      return {};
    },
  });
  const engine = await createTestEngine({
    db,
    definitions: [sagaOf([make.undoable('a'), second, make.pivot('pay')])],
    wrapLog: (log) => ({
      ...log,
      prove: (claim) =>
        log.prove(claim).catch((error: unknown) => {
          refused.push(error);
          throw error;
        }),
    }),
  });
  const id = await engine.start();
  const running = engine.runToRest(id);
  await gate.reached;
  // What a majority has confirmed is not young any more.
  await engine.pass(1_000);
  majority = 'away';
  replicas.hold();
  gate.open();
  await waitFor('a proof that is refused', () => refused.length > 0);
  expect(sent).toEqual([]);
  majority = 'there';
  replicas.release();
  expect((await running).state.phase).toBe('completed');
  expect(sent).toEqual(['there']);
});
