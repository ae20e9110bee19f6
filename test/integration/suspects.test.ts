import type { Connection } from 'mongoose';
import { createMongoSuspects } from '../../src/sync/mongodb/suspects.ts';
import { describeSuspects } from '../contracts/suspects.ts';
import { createTestDatabase } from '../support/database.ts';

describeSuspects('MongoSuspects', async () => {
  const connection = await createTestDatabase();
  return {
    suspects: createMongoSuspects(connection),
    pass: (ms) => moveBack(connection, ms),
  };
});

/** Time passes for a suspect when its moments move into the past. */
async function moveBack(connection: Connection, ms: number): Promise<void> {
  const moved = (field: string) => ({ $subtract: [field, ms] });
  const fields = {
    firstObservedAt: moved('$firstObservedAt'),
    lastObservedAt: moved('$lastObservedAt'),
  };
  await connection.db
    ?.collection('suspects')
    .updateMany({}, [{ $set: fields }], { writeConcern: { w: 'majority' } });
}
