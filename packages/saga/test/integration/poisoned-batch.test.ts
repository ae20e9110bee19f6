// One item that the database cannot hold, among others that go out with it: it fails alone, with its reason.

import { BSON } from 'mongodb';
import { expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { Json } from '../../src/json.ts';
import { CANNOT_HOLD, HALF, POISONS, UNREADABLE } from '../support/poisons.ts';
import { createTestEngine } from '../support/saga-engine.ts';
import { createTestSagaLog, passForSagas } from '../support/saga-log.ts';
import { createSagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';
import { claimRequest, insertAndClaim, logWrite, newSaga } from '../support/saga-writes.ts';

it.each([...POISONS, UNREADABLE])(
  'a write of the log with %s: its 20 neighbours land',
  async (_, capture) => {
    const { log } = await createTestSagaLog(await createTestDatabase());
    const [first, bad, ...good] = await Promise.all(
      Array.from({ length: 22 }, () => insertAndClaim(log)),
    );
    if (first === undefined || bad === undefined) throw new Error('no sagas');
    const { state } = bad.saga;
    const steps = state.steps.map((step) => ({ ...step, capture }));
    // The first goes out alone; those that wait for it go out together.
    const [, refused, ...landed] = await Promise.allSettled([
      log.commit(logWrite(first)),
      log.commit(logWrite(bad, { state: { ...state, phase: 'running', steps } })),
      ...good.map((held) => log.commit(logWrite(held))),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: CANNOT_HOLD });
    for (const one of landed) expect(one).toMatchObject({ value: { status: 'landed' } });
    expect((await log.find(bad.saga.id))?.revision).toBe(bad.saga.revision);
  },
);

it('a saga that outgrows its document: its neighbours land', async () => {
  const { log } = await createTestSagaLog(await createTestDatabase());
  const [first, good, bad] = [
    await insertAndClaim(log),
    await insertAndClaim(log),
    await insertAndClaim(log),
  ];
  const { state } = bad.saga;
  const warnings = [{ code: 'a', message: HALF }];
  const one = await log.commit(logWrite(bad, { state: { ...state, warnings } }));
  if (one.status !== 'landed') throw new Error(one.status);
  const grown = { ...one.saga.state, warnings: [...warnings, { code: 'b', message: HALF }] };
  const [, refused, landed] = await Promise.allSettled([
    log.commit(logWrite(first)),
    log.commit(logWrite({ ...bad, saga: one.saga }, { state: grown })),
    log.commit(logWrite(good)),
  ]);
  expect(refused).toMatchObject({ status: 'rejected', reason: CANNOT_HOLD });
  expect(landed).toMatchObject({ value: { status: 'landed' } });
});

it.each([...POISONS, UNREADABLE])(
  'a claim with a capture with %s, and an insert: each fails alone',
  async (_, capture) => {
    const { log } = await createTestSagaLog(await createTestDatabase());
    const sagas = await Promise.all(Array.from({ length: 3 }, () => log.insert(newSaga())));
    const [first, bad, good] = sagas.map(({ saga }) => saga);
    if (first === undefined || bad === undefined || good === undefined) throw new Error('no sagas');
    const steps = bad.state.steps.map((step) => ({ ...step, capture }));
    const beginning = { base: bad, state: { ...bad.state, steps }, events: [] };
    const [, claimed, neighbour] = await Promise.allSettled([
      log.claim(first.id, claimRequest()),
      log.claim(bad.id, claimRequest({ beginning })),
      log.claim(good.id, claimRequest()),
    ]);
    expect(claimed).toMatchObject({ status: 'rejected', reason: CANNOT_HOLD });
    expect(neighbour).toMatchObject({ value: { status: 'claimed' } });
    const [, inserted, other] = await Promise.allSettled([
      log.insert(newSaga()),
      log.insert(newSaga({ input: capture })),
      log.insert(newSaga()),
    ]);
    expect(inserted).toMatchObject({ status: 'rejected', reason: CANNOT_HOLD });
    expect(other).toMatchObject({ value: { status: 'inserted' } });
  },
);

it.each([...POISONS, UNREADABLE])(
  'what a step captured or left has %s: the saga is stuck with the reason, and goes on when it has none',
  async (_, poison) => {
    const db = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(db));
    let [captured, left]: [Json, Json] = [poison, 'fine'];
    const step = make.undoable('a', {
      capture: async () => captured,
      run: async () => ({ value: left }),
    });
    const engine = await createTestEngine({ db, definitions: [sagaOf([step])] });
    const id = await engine.start();
    const stuck = await engine.runToRest(id);
    expect(stuck.state).toMatchObject({ phase: 'stuck', cause: { class: 'hold', ...CANNOT_HOLD } });
    [captured, left] = ['fine', poison];
    await engine.sagas.order(id, { verb: 'retry', by: 'an admin', reason: 'mended' });
    const again = await engine.runToRest(id);
    expect(again.state).toMatchObject({ phase: 'stuck', cause: { step: 'a', ...CANNOT_HOLD } });
    left = 'fine';
    await engine.sagas.order(id, { verb: 'retry', by: 'an admin', reason: 'mended' });
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
  },
);

it('an input that leaves its saga no room to be worked on: refused, its neighbours are accepted', async () => {
  const { log } = await createTestSagaLog(await createTestDatabase());
  const full = 'x'.repeat(16 * 2 ** 20 - 2_000);
  const inputs: Json[] = [{}, full, {}];
  const [first, refused, good] = await Promise.allSettled(
    inputs.map((input) => log.insert(newSaga({ input }))),
  );
  expect(first).toMatchObject({ value: { status: 'inserted' } });
  expect(refused).toMatchObject({ status: 'rejected', reason: CANNOT_HOLD });
  expect(good).toMatchObject({ value: { status: 'inserted' } });
});

it('a record so full that no relay can note anything on it: the others are woken', async () => {
  const db = await createTestDatabase();
  const { log } = await createTestSagaLog(db);
  const [one, bad, other] = [newSaga(), newSaga(), newSaga()];
  for (const saga of [one, bad, other]) await log.insert(saga);
  await passForSagas(db, 60_000);
  const sagas = db.collection<{ _id: string }>('sagas');
  const document = await sagas.findOne({ _id: bad.id });
  const room = 16 * 2 ** 20 - BSON.calculateObjectSize({ ...document, input: '' });
  await sagas.updateOne({ _id: bad.id }, { $set: { input: 'x'.repeat(room - 20) } });
  const overdue = await log.takeOverdue({ limit: 10, holdMs: 1_000 });
  expect(overdue.map(({ id }) => id).toSorted()).toEqual([one.id, other.id].toSorted());
});
