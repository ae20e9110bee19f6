// Takes old rows out of a user's list, so that a document does not grow until nothing can be written to it.
// I2, I11: a row is removed by its own identity, and only after the ledger was read back and found to hold
// it, on a majority, for a day. Rows without an identity stay, and those that an allocation is recognised by. What was
// removed is counted in the same update, so that an audit still knows where it was, and can still sum from the opening.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import {
  type Collection,
  type Db,
  Decimal128,
  type Document,
  ObjectId,
  type UpdateFilter,
} from 'mongodb';
import { isStamped } from '../../domain/incarnation.ts';
import { opIdOfRow } from '../audit/row-identity.ts';
import type { TrimCommand } from '../wallets.ts';
import type { LedgerDocument } from './ledger-documents.ts';
import { HELD_IDS, isSettlementRow, ROWS } from './wallet-expressions.ts';
import { ownOf, rowIdOf } from './wallet-rows.ts';

/** Rows of one update: each rewrites the whole document. */
const BATCH = 4_000;
/** Of one call; the rest comes with the next. */
const MAX_BATCHES = 20;
const DAY_MS = 86_400_000;
const OLD = { $subtract: ['$$NOW', DAY_MS] };
const TRIMMED = { $ifNull: ['$ledgerState.trimmed.rows', 0] };

/** @returns how many rows were removed. @throws UnavailableError, RetryableError. */
export async function trimRows(db: Db, command: TrimCommand): Promise<number> {
  let removed = 0;
  // Candidates that have to stay are passed over by the next batch.
  let kept = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const page = await readCandidates(db, command, kept);
    const trimmable = await selectTrimmable(db, command, page);
    if (trimmable.length > 0 && !(await pull(db, command, page, trimmable))) break;
    removed += trimmable.length;
    kept += page.candidates.length - trimmable.length;
    if (page.candidates.length < BATCH) break;
  }
  return removed;
}

interface Candidate {
  /** Where it stands in the list. */
  readonly index: number;
  /** What it is pulled by: our opId, or the row's `_id` as it is stored. */
  readonly by: { readonly opId: string } | { readonly _id: unknown };
  /** Its name in the ledger. */
  readonly opId: string;
}

interface Page {
  readonly candidates: readonly Candidate[];
  /** Counted when the page was read; a page of another count is stale. */
  readonly trimmed: number;
  readonly openingRows: number;
}

async function readCandidates(
  db: Db,
  { userId, keep, takenIn }: TrimCommand,
  skip: number,
): Promise<Page> {
  const boundary = { $subtract: [takenIn.index + takenIn.trimmed, TRIMMED] };
  const end = { $min: [{ $subtract: [{ $size: ROWS }, keep] }, boundary] };
  const identities = { id: '$$row._id', opId: '$$row.opId', seq: '$$row.seq', isProof: IS_PROOF };
  const old = { $cond: [{ $gt: ['$end', 0] }, { $slice: [ROWS, '$end'] }, []] };
  const rows = await runRepeatable(() =>
    users(db)
      .aggregate([
        { $match: { _id: new ObjectId(userId) } },
        { $set: { end } },
        {
          $project: {
            trimmed: TRIMMED,
            openingRows: '$ledgerState.openingRows',
            row: { $map: { input: old, as: 'row', in: identities } },
          },
        },
        { $unwind: { path: '$row', includeArrayIndex: 'index' } },
        { $match: { $or: [{ 'row.id': { $ne: null } }, { 'row.opId': { $type: 'string' } }] } },
        { $match: { 'row.isProof': false } },
        { $skip: skip },
        { $limit: BATCH },
      ])
      .toArray(),
  );
  return {
    candidates: rows.flatMap(({ row, index }) => toCandidate(userId, row, Number(index))),
    trimmed: Number(rows[0]?.trimmed ?? 0),
    openingRows: Number(rows[0]?.openingRows ?? 0),
  };
}

/** What a standing allocation is told by from an old copy of one that was paid: as long as it stands, the rows that set
 * money aside for its bot, and our settlements of it, stay in their order (prior-settlements.ts). */
const IS_PROOF = {
  $and: [
    { $or: [{ $eq: ['$$row.type', 'allocate'] }, isSettlementRow('$$row')] },
    { $in: ['$$row.botId', HELD_IDS] },
  ],
};

function toCandidate(
  userId: TrimCommand['userId'],
  row: Document,
  index: number,
): readonly Candidate[] {
  const own = ownOf(row);
  if (own !== null) return [{ index, by: { opId: own.opId }, opId: own.opId }];
  const rowId = rowIdOf(row.id);
  // Counted as a candidate all the same, so that the next page begins behind it.
  const opId = rowId === null ? '' : opIdOfRow(userId, rowId);
  return [{ index, by: { _id: row.id }, opId }];
}

/** Those that the ledger has held for a day and that stand in the list once. Settlements of bots without a
 * date stay: the row is what distinguishes an old copy of such a bot from a new bot. */
async function selectTrimmable(
  db: Db,
  { userId }: TrimCommand,
  { candidates }: Page,
): Promise<readonly Candidate[]> {
  if (candidates.length === 0) return [];
  const ledger = majorityCollection<LedgerDocument>(db, 'ledger');
  const opIds = candidates.map(({ opId }) => opId);
  const held = await runRepeatable(() =>
    ledger
      .find(
        { _id: { $in: opIds }, userId, $expr: { $lt: ['$postedAt', OLD] } },
        { projection: { incarnationId: 1 } },
      )
      .toArray(),
  );
  const names = new Set(
    held.filter(({ incarnationId }) => !isStamped(String(incarnationId))).map(({ _id }) => _id),
  );
  const trimmable = candidates.filter(({ opId }) => names.has(opId));
  const copied = await findCopied(db, userId, trimmable);
  return trimmable.filter(({ opId }) => !copied.has(opId));
}

/** Names of rows that also stand elsewhere in the list: a pull would take more than was counted. */
async function findCopied(
  db: Db,
  userId: TrimCommand['userId'],
  candidates: readonly Candidate[],
): Promise<ReadonlySet<string>> {
  const [first, last] = [candidates[0], candidates.at(-1)];
  if (first === undefined || last === undefined) return new Set();
  const identities = { _id: '$$row._id', opId: '$$row.opId', seq: '$$row.seq' };
  const copies = await runRepeatable(() =>
    users(db)
      .aggregate([
        { $match: { _id: new ObjectId(userId) } },
        { $project: { row: { $map: { input: ROWS, as: 'row', in: identities } } } },
        { $unwind: { path: '$row', includeArrayIndex: 'row.index' } },
        { $replaceWith: '$row' },
        { $match: { $nor: [{ index: { $gte: first.index, $lte: last.index } }] } },
        { $match: rowsOf(candidates) },
      ])
      .toArray(),
  );
  const rows = copies.map(({ _id: id, ...row }) => ({ id, ...row }));
  return new Set(rows.flatMap((row) => toCandidate(userId, row, 0)).map(({ opId }) => opId));
}

function rowsOf(candidates: readonly Candidate[]): Document {
  const opIds = candidates.flatMap(({ by }) => ('opId' in by ? [by.opId] : []));
  const ids = candidates.flatMap(({ by }) => ('_id' in by ? [by._id] : []));
  return { $or: [{ opId: { $in: opIds } }, { _id: { $in: ids } }] };
}

/** @returns false when the list is not what was read any more. */
async function pull(
  db: Db,
  { userId }: TrimCommand,
  { trimmed, openingRows }: Page,
  rows: readonly Candidate[],
): Promise<boolean> {
  const moved = await sumMoved(db, rows);
  const fromOpening = rows.filter(({ index }) => index < openingRows).length;
  const { matchedCount } = await runRepeatable(() =>
    users(db).updateOne(
      {
        _id: new ObjectId(userId),
        'ledgerState.openedAt': { $type: 'date' },
        // A lost answer is repeated: the count then shows that it was done.
        'ledgerState.trimmed.rows': trimmed === 0 ? { $in: [0, null] } : trimmed,
        ...standsAt(rows[0]),
        ...standsAt(rows.at(-1)),
      },
      {
        $pull: { walletTransactions: rowsOf(rows) },
        $inc: {
          'ledgerState.trimmed.rows': rows.length,
          'ledgerState.trimmed.moved': moved,
          'ledgerState.openingRows': -fromOpening,
          // A writer that changes rows by their position must not use positions of before.
          __v: 1,
        },
      } as unknown as UpdateFilter<Document>,
    ),
  );
  return matchedCount === 1;
}

function standsAt(row: Candidate | undefined): Document {
  if (row === undefined) return {};
  const { index, by } = row;
  const place = `walletTransactions.${index}`;
  return 'opId' in by ? { [`${place}.opId`]: by.opId } : { [`${place}._id`]: by._id };
}

/** What the platform's among them moved the balance by; ours are summed by their sequence. */
async function sumMoved(db: Db, rows: readonly Candidate[]): Promise<Decimal128> {
  const opIds = rows.map(({ opId }) => opId);
  const [sums] = await runRepeatable(() =>
    majorityCollection<LedgerDocument>(db, 'ledger')
      .aggregate([
        { $match: { _id: { $in: opIds }, source: 'platform' } },
        { $group: { _id: null, moved: { $sum: '$moved' } } },
      ])
      .toArray(),
  );
  return Decimal128.fromString(String(sums?.moved ?? 0));
}

function users(db: Db): Collection<Document> {
  return majorityCollection<Document>(db, 'users');
}
