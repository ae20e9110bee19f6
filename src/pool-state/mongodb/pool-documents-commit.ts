// The one conditional write that carries a change from a revision to the next, and the bringing up of the rows that
// follows it. I5: a writer that does not find the revision it has read changes nothing.

import { InDoubtError, UnavailableError } from '@reclaim/saga';
import { isAway, isOnlyDuplicates, messageOf, runRepeatable } from '@reclaim/saga/mongodb';
import type { Collection, Db, Filter, UpdateFilter } from 'mongodb';
import { changedRows, headOf } from '../pool-rows.ts';
import type { PoolState } from '../pool-state.ts';
import {
  type PendingRow,
  type PendingRows,
  poolCollections,
  type RowDocument,
  STATE_ID,
} from './pool-documents.ts';
import type { StoredPoolState } from './pool-documents-reader.ts';

export interface CommitOrder {
  readonly base: StoredPoolState;
  readonly after: PoolState;
  /** New for each commit. */
  readonly writeId: string;
  readonly now: () => Date;
  /** The change has happened; only the rows are behind. */
  readonly onRowsBehind: (err: unknown) => void;
}

/** Takes a revision even where nothing changes: what another process computed from the old one is void then.
 * @returns `overtaken` when the state has another revision by now: nothing was written.
 * @throws UnavailableError when certainly nothing was written, InDoubtError when that is not known. */
export async function commitPoolDocuments(
  db: Db,
  { base, after, writeId, now, onRowsBehind }: CommitOrder,
): Promise<'committed' | 'overtaken'> {
  const { state } = poolCollections(db);
  // There is room for one change: the last one's rows come first, and on a majority. The commit may go to another
  // primary than they did, and would replace the only copy of what that one has forgotten.
  if (base.pending !== null) await bringUpRows(db, base.pending, now(), MAJORITY);
  const revision = base.revision + 1;
  const { nextPosition, ...rows } = changedRows(base.state, after, {
    revision,
    nextPosition: base.nextPosition,
  });
  const pending = rows.pools.length + rows.bots.length === 0 ? null : rows;
  const update = { $set: { revision, head: headOf(after), nextPosition, pending, writeId } };
  const filter = { _id: STATE_ID, status: 'active', revision: base.revision } as const;
  try {
    const { matchedCount } = await state.updateOne(filter, update);
    if (matchedCount === 0) return 'overtaken';
  } catch (error) {
    const outcome = await outcomeOf(db, { base, writeId }, error);
    if (outcome === 'overtaken') return outcome;
  }
  if (pending !== null) {
    // A primary that forgets these rows has also forgotten the later write that removes them from `pending`.
    await bringUpRows(db, pending, now(), W1)
      .then(() => state.updateOne({ _id: STATE_ID, revision }, { $set: { pending: null } }, W1))
      .catch(onRowsBehind);
  }
  return 'committed';
}

const W1 = { writeConcern: { w: 1 } } as const;
const MAJORITY = { writeConcern: { w: 'majority' } } as const;
type Durability = typeof W1 | typeof MAJORITY;

async function outcomeOf(
  db: Db,
  { base, writeId }: Pick<CommitOrder, 'base' | 'writeId'>,
  cause: unknown,
): Promise<'committed' | 'overtaken'> {
  if (!isAway(cause)) {
    throw new UnavailableError(
      'POOL_STATE_WRITE_FAILED',
      `the pool state in MongoDB is unchanged: ${messageOf(cause)}`,
      { cause },
    );
  }
  const { state } = poolCollections(db);
  const found = await state.findOne({ _id: STATE_ID }).catch(() => null);
  if (found?.writeId === writeId) return 'committed';
  // Its condition can hold no more: another process took its revision.
  if (found?.revision === base.revision + 1) return 'overtaken';
  throw new InDoubtError(
    'POOL_STATE_WRITE_IN_DOUBT',
    `a write to the pool state in MongoDB was not answered: ${messageOf(cause)}`,
    { cause },
  );
}

/** Repeatable, and harmless when late: a row goes to a higher revision only. */
async function bringUpRows(
  db: Db,
  rows: PendingRows,
  at: Date,
  durability: Durability,
): Promise<void> {
  const { pools, bots } = poolCollections(db);
  const moment = { revision: rows.revision, at };
  await Promise.all([
    bringUp(pools, rows.pools, moment, durability),
    bringUp(bots, rows.bots, moment, durability),
  ]);
}

async function bringUp<T>(
  collection: Collection<RowDocument<T>>,
  rows: readonly PendingRow<T>[],
  { revision, at }: { readonly revision: number; readonly at: Date },
  durability: Durability,
): Promise<void> {
  if (rows.length === 0) return;
  const writes = rows.map((row) => ({
    updateOne: {
      filter: { _id: row.id, revision: { $lt: revision } } as Filter<RowDocument<T>>,
      update: updateOf(row, revision, at) as UpdateFilter<RowDocument<T>>,
      upsert: true,
    },
  }));
  await runRepeatable(async () => {
    try {
      await collection.bulkWrite(writes, { ordered: false, ...durability });
    } catch (error) {
      // A row that is there with a higher revision is not found by the filter, and cannot be inserted again.
      if (!isOnlyDuplicates(error)) throw error;
    }
  });
}

function updateOf<T>({ position, value }: PendingRow<T>, revision: number, removedAt: Date) {
  if (value === null) {
    return { $set: { revision, removedAt }, $unset: { value: '', position: '' } };
  }
  const place = position === null ? {} : { position };
  return { $set: { revision, value, ...place }, $unset: { removedAt: '' } };
}
