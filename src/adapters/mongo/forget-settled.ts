// Removes from `ledgerState.settled` what the ledger has held for a day. I2: nothing is dropped that was
// not read back from the ledger first, so a settlement always leaves its trace in one of the two.

import type { Connection, mongo } from 'mongoose';
import type { LedgerDocument } from './ledger-documents.ts';
import { runRepeatable } from './mongo-errors.ts';
import { nativeCollection } from './native.ts';

const DAY_MS = 86_400_000;
const OLD = { $subtract: ['$$NOW', DAY_MS] };

/** @returns how many receipts were dropped. @throws UnavailableError. */
export async function forgetSettled(connection: Connection, limit: number): Promise<number> {
  return runRepeatable(async () => {
    const users = nativeCollection<mongo.Document>(connection, 'users');
    const candidates = await users
      .aggregate([
        // The type keeps the index in use; the age is told by the database's own clock.
        { $match: { 'ledgerState.settled.timestamp': { $type: 'date' } } },
        { $match: { $expr: { $lt: [{ $min: '$ledgerState.settled.timestamp' }, OLD] } } },
        { $limit: limit },
        { $project: { opIds: '$ledgerState.settled.opId' } },
      ])
      .toArray();
    const held = await heldForADay(
      connection,
      candidates.flatMap(({ opIds }) => opIds),
    );
    if (held.length === 0) return 0;
    await users.updateMany(
      { _id: { $in: candidates.map(({ _id }) => _id) } },
      {
        $pull: { 'ledgerState.settled': { opId: { $in: held } } },
      } as unknown as mongo.UpdateFilter<mongo.Document>,
      { writeConcern: { w: 'majority' } },
    );
    return held.length;
  });
}

async function heldForADay(connection: Connection, opIds: string[]): Promise<string[]> {
  const entries = await nativeCollection<LedgerDocument>(connection, 'ledger')
    .find(
      { _id: { $in: opIds }, $expr: { $lt: ['$postedAt', OLD] } },
      {
        projection: { _id: 1 },
        readConcern: { level: 'majority' },
      },
    )
    .toArray();
  return entries.map(({ _id }) => _id);
}
