// The saga log on a test's own database, with the indexes the migration makes for it, and time that passes
// when the test says so.

import type { Collection, Db } from 'mongodb';
import { onTestFinished } from 'vitest';
import { createMongoSagaLog, type MongoSagaLog } from '../../src/log/mongodb/mongo-saga-log.ts';
import { makeSagaIndexes } from '../../src/log/mongodb/saga-log-indexes.ts';
import { type DatabaseClock, startDatabaseClock } from '../../src/mongodb/database-clock.ts';
import type { SagaId } from '../../src/saga-id.ts';

export interface TestSagaLog {
  readonly log: MongoSagaLog;
  readonly clock: DatabaseClock;
}

export async function createTestSagaLog(db: Db): Promise<TestSagaLog> {
  await createSagaIndexes(db);
  return openTestSagaLog(db);
}

export async function createSagaIndexes(db: Db): Promise<void> {
  await makeSagaIndexes(db, ['instanceId']);
}

/** The log as one more process sees it, over whatever connection that has. */
export async function openTestSagaLog(db: Db): Promise<TestSagaLog> {
  const clock = await startDatabaseClock(db);
  onTestFinished(() => clock.stop());
  return { log: createMongoSagaLog({ db, clock, retentionDays: 90 }), clock };
}

export function sagasOf(db: Db): Collection {
  return db.collection('sagas');
}

const TIMES = ['leaseUntil', 'dueAt', 'relayAt', 'parkedUntil', 'unrunnableSince', 'releaseAt'];

/** Time passes for a saga when all its moments move into the past. */
export async function passForSagas(db: Db, ms: number): Promise<void> {
  const moved = TIMES.map((field) => [
    field,
    {
      $cond: [{ $eq: [{ $type: `$${field}` }, 'date'] }, { $subtract: [`$${field}`, ms] }, null],
    },
  ]);
  await sagasOf(db).updateMany({}, [{ $set: Object.fromEntries(moved) }], {
    writeConcern: { w: 'majority' },
  });
}

/** Remembers the sagas as they are.
 * @returns a failover as it looks to the log: of sagas that only the primary wrote to since, these are there again. */
export async function beforeFailover(db: Db): Promise<() => Promise<void>> {
  const sagas = sagasOf(db);
  const remembered = await sagas.find().toArray();
  return async () => {
    for (const saga of remembered) {
      await sagas.replaceOne({ _id: saga._id }, saga, { writeConcern: { w: 'majority' } });
    }
  };
}

/** As if the time had come: for its next attempt, and for the lease of whoever held it. */
export async function expire(db: Db, id: SagaId): Promise<void> {
  const past = new Date(0);
  await sagasOf(db).updateOne({ _id: id as never }, [
    {
      $set: {
        dueAt: past,
        leaseUntil: { $cond: [{ $eq: [{ $type: '$leaseUntil' }, 'date'] }, past, '$leaseUntil'] },
      },
    },
  ]);
}

export const HOUR_MS = 3_600_000;

/** As after a step back of the database's clock: what is stored is from the future. */
export async function putAhead(db: Db, collection: string, fields: readonly string[]) {
  const moved = fields.map((field) => [field, { $add: [`$${field}`, HOUR_MS] }]);
  await db
    .collection(collection)
    .updateMany({}, [{ $set: Object.fromEntries(moved) }], { writeConcern: { w: 'majority' } });
}
