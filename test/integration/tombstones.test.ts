import type { Db } from 'mongodb';
import { expect, it } from 'vitest';
import { toUserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import { describeTombstones } from '../contracts/tombstones.ts';
import { createTestDatabase } from '../support/database.ts';
import { incarnationOf, SAGA_A } from '../support/users.ts';

const TIMES = ['nextCheckAt', 'heldUntil', 'endedAt', 'settledAt', 'openedAt'];

describeTombstones('MongoTombstones', async () => {
  const db = await createTestDatabase();
  return {
    tombstones: createMongoTombstones({ db }),
    pass: (ms) => moveBack(db, ms),
  };
});

/** Time passes for a tombstone when all its moments move into the past. */
async function moveBack(db: Db, ms: number): Promise<void> {
  const moved = TIMES.map((field) => [
    field,
    { $cond: [{ $eq: [{ $type: `$${field}` }, 'date'] }, { $subtract: [`$${field}`, ms] }, null] },
  ]);
  await db
    ?.collection('tombstones')
    .updateMany({}, [{ $set: Object.fromEntries(moved) }], { writeConcern: { w: 'majority' } });
}

it('ended, with its observations after the end behind it, or withdrawn: the database forgets the withdrawn one alone', async () => {
  const db = await createTestDatabase();
  await migrate(db);
  const tombstones = createMongoTombstones({ db });
  const incarnation = incarnationOf(toUserId('00000000000000000000000a'));
  const target = { incarnation, sagaId: SAGA_A, epoch: 1 };
  const collection = db.collection('tombstones');
  const forgottenBy = async () => {
    const document = await collection.findOne({});
    const indexes = (await collection.indexes()).filter(
      ({ expireAfterSeconds }) => expireAfterSeconds !== undefined,
    );
    return indexes.flatMap(({ key }) =>
      Object.keys(key).filter((field) => document?.[field] instanceof Date),
    );
  };
  const opened = { ...target, ...NOTHING_OBSERVED, firebaseUid: null, slot: null };
  await tombstones.open({ ...opened, hadAllocation: true, mayTakeOver: [] });
  expect(await forgottenBy()).toEqual([]);
  await tombstones.settle(target, { observedAtRest: true });
  await tombstones.end(target);
  expect(await collection.findOne({})).toMatchObject({ status: 'ended' });
  expect(await forgottenBy()).toEqual([]);
  await collection.deleteMany({});
  await tombstones.withdraw(target);
  expect(await forgottenBy()).toEqual(['withdrawnAt']);
});
