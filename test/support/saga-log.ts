// The saga log on a test's own database, with the indexes the migration makes for it, and time that passes
// when the test says so.

import type { Connection, mongo } from 'mongoose';
import { onTestFinished } from 'vitest';
import { createMongoSagaLog } from '../../packages/saga/src/log/mongodb/mongo-saga-log.ts';
import { SAGA_LOG_INDEXES } from '../../packages/saga/src/log/mongodb/saga-log-indexes.ts';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import {
  type DatabaseClock,
  startDatabaseClock,
} from '../../packages/saga/src/mongodb/database-clock.ts';
import { nativeDb } from '../../src/adapters/mongo/native.ts';

export interface TestSagaLog {
  readonly log: SagaLog;
  readonly clock: DatabaseClock;
}

export async function createTestSagaLog(connection: Connection): Promise<TestSagaLog> {
  await sagasOf(connection).createIndexes(
    SAGA_LOG_INDEXES.map(({ collection: _, key, ...index }) => ({ ...index, key: { ...key } })),
  );
  return openTestSagaLog(connection);
}

/** The log as one more process sees it, over whatever connection that has. */
export async function openTestSagaLog(connection: Connection): Promise<TestSagaLog> {
  const clock = await startDatabaseClock(nativeDb(connection));
  onTestFinished(() => clock.stop());
  return { log: createMongoSagaLog({ db: nativeDb(connection), clock, retentionDays: 90 }), clock };
}

export function sagasOf(connection: Connection): mongo.Collection {
  if (connection.db === undefined) throw new Error('the test connection is not open');
  return connection.db.collection('sagas');
}

const TIMES = ['leaseUntil', 'dueAt', 'relayAt', 'unrunnableSince'];

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
