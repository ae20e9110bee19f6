import { expect, test } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { createMongoSagaLog } from '../../src/log/mongodb/mongo-saga-log.ts';
import { startDatabaseClock } from '../../src/mongodb/database-clock.ts';

const EMPTY_STATE = { phase: 'completed', steps: [] };

test('many ask for their keys at once: each gets its own, the open one first, the newest next', async () => {
  const db = await createTestDatabase();
  const clock = await startDatabaseClock(db);
  const log = createMongoSagaLog({ db, clock, retentionDays: 1 });
  const saga = (id: string, key: string, open: boolean, minute: number) => ({
    _id: `del-${id.padStart(10, '0')}`,
    ...{ key, open, kind: 'k', version: 1, subject: 's', requestedBy: 'r', input: null },
    ...{
      state: EMPTY_STATE,
      revision: 1,
      writeId: 'the first',
      epoch: 0,
      result: null,
      history: [],
      finishedAt: null,
    },
    createdAt: new Date(Date.UTC(2026, 10, 1, 12, minute)),
  });
  await db
    .collection<{ _id: string }>('sagas')
    .insertMany([
      saga('a1', 'a', false, 1),
      saga('a3', 'a', false, 3),
      saga('a2', 'a', true, 2),
      saga('b1', 'b', false, 1),
    ]);

  const [one, all, b, none] = await Promise.all([
    log.findByKey('a', 1),
    log.findByKey('a', 10),
    log.findByKey('b', 10),
    log.findByKey('c', 10),
  ]);
  await clock.stop();

  const ids = (found: typeof all) => found?.map(({ id }) => id.slice(-2));
  expect([one, all, b, none].map(ids)).toEqual([['a2'], ['a2', 'a3', 'a1'], ['b1'], []]);
});
