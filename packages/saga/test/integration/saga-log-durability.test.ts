// How firmly a write of the log stands: what another process acts on is on a majority before it is answered, by the
// words of the write itself and not by the server's default; and only what has ended is ever forgotten.

import { expect, inject, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { openDb } from '../../../../test/support/open-db.ts';
import { createTestSagaLog, sagasOf } from '../support/saga-log.ts';
import { commitAs, insertAndClaim } from '../support/saga-writes.ts';

const DAY_MS = 86_400_000;

/** A log whose writes to `sagas` are noted with the write concern that they were sent with. */
async function setUp() {
  const { databaseName: name } = await createTestDatabase();
  const db = await openDb(inject('mongodbUri'), {
    ...{ dbName: name, directConnection: true, monitorCommands: true },
  });
  onTestFinished(() => db.client.close());
  const concerns: unknown[] = [];
  db.client.on('commandStarted', ({ command }) => {
    if (command.update === 'sagas' || command.insert === 'sagas') {
      concerns.push(command.writeConcern);
    }
  });
  const { log } = await createTestSagaLog(db);
  return { db, log, concerns };
}

it('a saga is inserted, claimed, and comes to a moment that counts: each on a majority, as its write says (I5, I7)', async () => {
  const { log, concerns } = await setUp();
  const held = await insertAndClaim(log);
  await commitAs(log, held, { durability: 'majority' });
  expect(concerns).toHaveLength(3);
  for (const concern of concerns) expect(concern).toMatchObject({ w: 'majority' });
});

it('running, stuck, ended: only the ended one is ever forgotten, and not before its retention is over', async () => {
  const { db, log } = await setUp();
  const held = await insertAndClaim(log);
  const { id } = held.saga;
  const storedNow = () => sagasOf(db).findOne({ _id: id as never });
  const running = await commitAs(log, held);
  expect(await storedNow()).not.toHaveProperty('expireAt');
  const at = (phase: 'stuck' | 'completed') => ({ state: { ...held.saga.state, phase } });
  const stuck = await commitAs(log, running, at('stuck'));
  expect(await storedNow()).not.toHaveProperty('expireAt');
  await commitAs(log, stuck, at('completed'));
  const ended = await storedNow();
  expect(Number(ended?.expireAt) - Number(ended?.finishedAt)).toBe(90 * DAY_MS);
  const indexes = await sagasOf(db).indexes();
  const expiring = indexes.filter(({ expireAfterSeconds }) => expireAfterSeconds !== undefined);
  expect(expiring).toMatchObject([{ key: { expireAt: 1 }, expireAfterSeconds: 0 }]);
});

it('ended by an order, and not released yet: not forgotten before it is (I10)', async () => {
  const { db, log } = await setUp();
  const { saga } = await insertAndClaim(log);
  const event = { type: 'resolve-ordered', step: null, detail: null };
  const state = { ...saga.state, phase: 'completed' as const };
  await log.intervene({ base: saga, state, event, writeId: 'an order', owesRelease: true });
  const storedNow = () => sagasOf(db).findOne({ _id: saga.id as never });
  expect(await storedNow()).not.toHaveProperty('expireAt');
  await log.noteReleased(saga.id);
  const released = await storedNow();
  expect(Number(released?.expireAt) - Number(released?.finishedAt)).toBe(90 * DAY_MS);
  expect(released).not.toHaveProperty('releaseAt');
});
