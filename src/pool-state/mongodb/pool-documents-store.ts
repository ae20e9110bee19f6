// The beginning and the end of a pool state in MongoDB: the empty one of a first start, one that is moved in, and
// one that is moved away. Each step is conditional and repeatable; only the last one of a move makes it count.

import { randomUUID } from 'node:crypto';
import { isOnlyDuplicates, runRepeatable, unlessDuplicate } from '@reclaim/saga/mongodb';
import type { Collection, Db, Filter } from 'mongodb';
import { headOf } from '../pool-rows.ts';
import type { PoolState } from '../pool-state.ts';
import {
  type MoveNote,
  poolCollections,
  type RowDocument,
  STATE_ID,
  type StateDocument,
} from './pool-documents.ts';

export type StoreReading = Pick<
  StateDocument,
  'status' | 'revision' | 'filledAt' | 'move' | 'placing'
> | null;

/** Whether a pool state is in MongoDB, and in what condition. */
export function observeStore(db: Db): Promise<StoreReading> {
  return runRepeatable(() =>
    poolCollections(db).state.findOne(
      { _id: STATE_ID },
      { projection: { _id: 0, status: 1, revision: 1, filledAt: 1, move: 1, placing: 1 } },
    ),
  );
}

/** The first pool state of an installation that has neither one nor allocations. Whether there are allocations is
 * the caller's to know: where there are, a missing state is a loss and stays unknown (I4). */
export function createEmptyPoolDocuments(db: Db, now: () => Date): Promise<'created' | 'exists'> {
  const head = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: now().toISOString() };
  const insert = () => poolCollections(db).state.insertOne(newState(head, 'active', 1));
  return runRepeatable(() =>
    unlessDuplicate(
      insert().then(() => 'created'),
      'exists',
    ),
  );
}

/** Writes a state's rows, in their order, and the state's document as `filling`: no reader accepts that state. What an
 * earlier move has left of its own goes. Only for a store that is missing, `filling` or `moved`.
 * @returns the revision that names what was filled; null when the store is none of these (any more). */
export async function fillStore(db: Db, source: PoolState, move: MoveNote): Promise<number | null> {
  const { state, pools, bots } = poolCollections(db);
  const begun = await runRepeatable(async () => {
    const found = await state.findOne({ _id: STATE_ID });
    // Above every revision that was ever here: a writer that was paused since then finds another one.
    const revision = (found?.revision ?? 0) + 1;
    const rows = Object.keys(source.pools).length + Object.keys(source.botMapping).length;
    const filling = newState(headOf(source), 'filling', revision);
    const wanted = { ...filling, filledAt: revision, nextPosition: rows, move };
    // Of two that begin at once each has a revision of its own.
    const filter: Filter<StateDocument> = {
      _id: STATE_ID,
      status: { $in: ['filling', 'moved'] },
      revision: found?.revision ?? NEVER,
    };
    const written = await unlessDuplicate(state.replaceOne(filter, wanted, { upsert: true }), null);
    return written === null ? null : revision;
  });
  if (begun === null) return null;
  await replaceRows(pools, Object.entries(source.pools), begun, 0);
  const offset = Object.keys(source.pools).length;
  await replaceRows(bots, Object.entries(source.botMapping), begun, offset);
  return begun;
}

/** From here on what was filled is the pool state.
 * @param filled as `fillStore` named it: another move may have begun to fill the store since. */
export async function activateStore(db: Db, filled: number): Promise<boolean> {
  const { state } = poolCollections(db);
  return runRepeatable(async () => {
    const filter = { _id: STATE_ID, status: 'filling', filledAt: filled } as const;
    await state.updateOne(filter, { $set: { status: 'active', writeId: randomUUID() } });
    const found = await observeStore(db);
    return found?.status === 'active' && found.filledAt === filled;
  });
}

/** A file of these bytes is about to be placed. Repeatable. */
export async function notePlacing(db: Db, sha256: string): Promise<void> {
  const { state } = poolCollections(db);
  const placing = { $set: { placing: sha256 } };
  await runRepeatable(() => state.updateOne({ _id: STATE_ID, status: 'active' }, placing));
}

/** From here on the store is the pool state no more; its documents stay as they were.
 * @returns false when it has another revision by now. */
export async function markStoreMoved(db: Db, revision: number, move: MoveNote): Promise<boolean> {
  const { state } = poolCollections(db);
  return runRepeatable(async () => {
    const filter = { _id: STATE_ID, status: 'active', revision } as const;
    // The revision rises, so that a change that was begun before finds another one.
    await state.updateOne(filter, {
      $set: { status: 'moved', revision: revision + 1, move, writeId: randomUUID() },
    });
    const found = await observeStore(db);
    return found?.status === 'moved' && found.move?.sha256 === move.sha256;
  });
}

function newState(
  head: PoolState,
  status: StateDocument['status'],
  revision: number,
): StateDocument {
  const writeId = randomUUID();
  return { _id: STATE_ID, status, revision, nextPosition: 0, head, pending: null, writeId };
}

async function replaceRows<T>(
  collection: Collection<RowDocument<T>>,
  entries: readonly (readonly [string, T])[],
  revision: number,
  offset: number,
): Promise<void> {
  for (let first = 0; first < entries.length; first += CHUNK) {
    const writes = entries.slice(first, first + CHUNK).map(([id, value], index) => ({
      replaceOne: {
        // Repeatable: a row that is there at this revision is this one, at a higher one another move's.
        filter: { _id: id, revision: { $lt: revision } } as Filter<RowDocument<T>>,
        replacement: { revision, position: offset + first + index, value } as RowDocument<T>,
        upsert: true,
      },
    }));
    await runRepeatable(async () => {
      try {
        await collection.bulkWrite(writes, { ordered: false });
      } catch (error) {
        if (!isOnlyDuplicates(error)) throw error;
      }
    });
  }
  const older = { revision: { $lt: revision } } as Filter<RowDocument<T>>;
  await runRepeatable(() => collection.deleteMany(older));
}

/** No store has it: one that came meanwhile is not replaced. */
const NEVER = 0;
/** Some hundred kilobytes a message. */
const CHUNK = 1_000;
