// Removes from `ledgerState.settled` what the ledger has held for a day. I2: nothing is dropped that was
// not read back from the ledger first, so a settlement always leaves its trace in one of the two. All users
// with an old receipt are walked, page by page: those whose receipts must stay hold up no other.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { AggregationCursor, Db, Document, ObjectId, UpdateFilter } from 'mongodb';
import type { LedgerDocument } from './ledger-documents.ts';

const DAY_MS = 86_400_000;
const OLD = { $subtract: ['$$NOW', DAY_MS] };
/** Users of one update. */
const PAGE = 500;

/** @returns how many receipts were dropped. @throws UnavailableError. */
export async function forgetSettled(db: Db, signal?: AbortSignal): Promise<number> {
  let dropped = 0;
  return runRepeatable(async () => {
    const old = findOld(db);
    try {
      for (let page = await next(old); page.length > 0; page = await next(old)) {
        dropped += await forget(db, page);
        if (signal?.aborted === true) break;
      }
      return dropped;
    } finally {
      await old.close();
    }
  });
}

interface Candidate {
  readonly _id: ObjectId;
  readonly opIds: readonly string[];
}

type Candidates = AggregationCursor<Candidate>;

function findOld(db: Db): Candidates {
  return majorityCollection(db, 'users').aggregate<Candidate>(
    [
      // The type keeps the index in use; the age is measured by the database's own clock.
      { $match: { 'ledgerState.settled.timestamp': { $type: 'date' } } },
      { $match: { $expr: { $lt: [{ $min: '$ledgerState.settled.timestamp' }, OLD] } } },
      { $project: { opIds: '$ledgerState.settled.opId' } },
    ],
    { batchSize: PAGE },
  );
}

async function next(candidates: Candidates): Promise<readonly Candidate[]> {
  const page: Candidate[] = [];
  while (page.length < PAGE) {
    const candidate = await candidates.next();
    if (candidate === null) break;
    page.push(candidate);
  }
  return page;
}

async function forget(db: Db, page: readonly Candidate[]): Promise<number> {
  const held = await heldForADay(
    db,
    page.flatMap(({ opIds }) => opIds),
  );
  if (held.length === 0) return 0;
  const users = majorityCollection<Document>(db, 'users');
  await runRepeatable(() =>
    users.updateMany(
      { _id: { $in: page.map(({ _id }) => _id) } },
      {
        $pull: { 'ledgerState.settled': { opId: { $in: held } } },
      } as unknown as UpdateFilter<Document>,
      { writeConcern: { w: 'majority' } },
    ),
  );
  return held.length;
}

async function heldForADay(db: Db, opIds: readonly string[]): Promise<readonly string[]> {
  const entries = await runRepeatable(() =>
    majorityCollection<LedgerDocument>(db, 'ledger')
      .find(
        { _id: { $in: [...opIds] }, $expr: { $lt: ['$postedAt', OLD] } },
        {
          projection: { _id: 1 },
          readConcern: { level: 'majority' },
        },
      )
      .toArray(),
  );
  return entries.map(({ _id }) => _id);
}
