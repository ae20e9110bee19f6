import type { Connection } from 'mongoose';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { describeTombstones } from '../contracts/tombstones.ts';

const TIMES = ['nextCheckAt', 'heldUntil', 'endedAt', 'settledAt', 'openedAt'];

describeTombstones('MongoTombstones', (connection) => ({
  tombstones: createMongoTombstones({ connection }),
  pass: (ms) => moveBack(connection, ms),
}));

/** Time passes for a tombstone when all its moments move into the past. */
async function moveBack(connection: Connection, ms: number): Promise<void> {
  const moved = TIMES.map((field) => [
    field,
    { $cond: [{ $eq: [{ $type: `$${field}` }, 'date'] }, { $subtract: [`$${field}`, ms] }, null] },
  ]);
  await connection.db
    ?.collection('tombstones')
    .updateMany({}, [{ $set: Object.fromEntries(moved) }], { writeConcern: { w: 'majority' } });
}
