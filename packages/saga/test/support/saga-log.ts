// The saga log on a test's own database, with the indexes the migration makes for it, and time that passes
// when the test says so.

import type { Connection, mongo } from 'mongoose';
import { onTestFinished } from 'vitest';
import { createMongoSagaLog } from '../../src/log/mongodb/mongo-saga-log.ts';
import { makeSagaIndexes } from '../../src/log/mongodb/saga-log-indexes.ts';
import type { SagaLog } from '../../src/log/saga-log.ts';
import { type DatabaseClock, startDatabaseClock } from '../../src/mongodb/database-clock.ts';
import type { SagaId } from '../../src/saga-id.ts';

export interface TestSagaLog {
  readonly log: SagaLog;
  readonly clock: DatabaseClock;
}

export async function createTestSagaLog(connection: Connection): Promise<TestSagaLog> {
  await createSagaIndexes(connection);
  return openTestSagaLog(connection);
}

export async function createSagaIndexes(connection: Connection): Promise<void> {
  await makeSagaIndexes(dbOf(connection), ['instanceId']);
}

/** The log as one more process sees it, over whatever connection that has. */
export async function openTestSagaLog(connection: Connection): Promise<TestSagaLog> {
  const clock = await startDatabaseClock(dbOf(connection));
  onTestFinished(() => clock.stop());
  return { log: createMongoSagaLog({ db: dbOf(connection), clock, retentionDays: 90 }), clock };
}

export function sagasOf(connection: Connection): mongo.Collection {
  return dbOf(connection).collection('sagas');
}

/** The engine takes the driver's own database. */
export function dbOf({ db }: Connection): mongo.Db {
  if (db === undefined) throw new Error('the test connection is not open');
  return db;
}

const TIMES = ['leaseUntil', 'dueAt', 'relayAt', 'parkedUntil', 'unrunnableSince', 'releaseAt'];

/** Time passes for a saga when all its moments move into the past. */
export async function passForSagas(connection: Connection, ms: number): Promise<void> {
  const moved = TIMES.map((field) => [
    field,
    {
      $cond: [{ $eq: [{ $type: `$${field}` }, 'date'] }, { $subtract: [`$${field}`, ms] }, null],
    },
  ]);
  await sagasOf(connection).updateMany({}, [{ $set: Object.fromEntries(moved) }], {
    writeConcern: { w: 'majority' },
  });
}

/** Remembers the sagas as they are.
 * @returns a failover as it looks to the log: of sagas that only the primary wrote to since, these are there again. */
export async function beforeFailover(connection: Connection): Promise<() => Promise<void>> {
  const sagas = sagasOf(connection);
  const remembered = await sagas.find().toArray();
  return async () => {
    for (const saga of remembered) {
      await sagas.replaceOne({ _id: saga._id }, saga, { writeConcern: { w: 'majority' } });
    }
  };
}

/** As if the time had come: for its next attempt, and for the lease of whoever held it. */
export async function expire(connection: Connection, id: SagaId): Promise<void> {
  const past = new Date(0);
  await sagasOf(connection).updateOne({ _id: id as never }, [
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
export async function putAhead(
  connection: Connection,
  collection: string,
  fields: readonly string[],
) {
  const moved = fields.map((field) => [field, { $add: [`$${field}`, HOUR_MS] }]);
  await connection
    .collection(collection)
    .updateMany({}, [{ $set: Object.fromEntries(moved) }], { writeConcern: { w: 'majority' } });
}
