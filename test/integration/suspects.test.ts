import type { Db } from 'mongodb';
import { createMongoSuspects } from '../../src/sync/mongodb/suspects.ts';
import { describeSuspects } from '../contracts/suspects.ts';
import { createTestDatabase } from '../support/database.ts';

describeSuspects('MongoSuspects', async () => {
  const db = await createTestDatabase();
  return {
    suspects: createMongoSuspects(db),
    pass: (ms) => moveBack(db, ms),
  };
});

/** Time passes for a suspect when its moments move into the past. */
async function moveBack(db: Db, ms: number): Promise<void> {
  const moved = (field: string) => ({ $subtract: [field, ms] });
  const fields = {
    firstObservedAt: moved('$firstObservedAt'),
    lastObservedAt: moved('$lastObservedAt'),
  };
  await db
    ?.collection('suspects')
    .updateMany({}, [{ $set: fields }], { writeConcern: { w: 'majority' } });
}
