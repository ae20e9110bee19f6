// A pool state in MongoDB, in a database of its own, and a platform that writes there.

import type { ClientSession, Collection, Db, Filter, UpdateFilter } from 'mongodb';
import { onTestFinished } from 'vitest';
import {
  createMongoPoolStates,
  type MongoPoolStates,
  type MongoPoolStatesDeps,
} from '../../src/pool-state/mongodb/mongo-pool-states.ts';
import { poolCollections, type RowDocument } from '../../src/pool-state/mongodb/pool-documents.ts';
import { readStore } from '../../src/pool-state/mongodb/pool-documents-reader.ts';
import { activateStore, fillStore } from '../../src/pool-state/mongodb/pool-documents-store.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { createTestDatabase } from './database.ts';

export interface PoolDatabase {
  readonly db: Db;
  /** Closed when the test has finished. */
  open(deps?: Partial<MongoPoolStatesDeps>): MongoPoolStates;
  stored(): Promise<PoolState>;
  /** As the platform writes: the rows and a raised revision in one transaction, asking nobody. */
  overwrite(state: PoolState): Promise<void>;
}

export async function createPoolDatabase(state?: PoolState): Promise<PoolDatabase> {
  const db = await createTestDatabase();
  if (state !== undefined) await storePoolState(db, state);
  return {
    db,
    open: (deps) => {
      const states = createMongoPoolStates({ db, now: () => new Date(), ...deps });
      onTestFinished(() => states.close());
      return states;
    },
    stored: () => storedPoolState(db),
    overwrite: (next) => overwritePoolState(db, next),
  };
}

export async function storePoolState(db: Db, state: PoolState): Promise<void> {
  const move = { file: 'sample', sha256: 'sample', isNewlineTerminated: true, at: new Date(0) };
  const filled = await fillStore(db, state, move);
  if (filled === null || !(await activateStore(db, filled))) throw new Error('not stored');
}

/** By a reader that remembers nothing. */
export async function storedPoolState(db: Db): Promise<PoolState> {
  const answer = await readStore(db, 'active');
  if (answer.status === 'unknown') throw new Error(answer.reason);
  return answer.stored.state;
}

/** The rows and a raised revision in one transaction, asking nobody. */
export async function overwritePoolState(db: Db, next: PoolState): Promise<void> {
  const { state, pools, bots } = poolCollections(db);
  const { pools: nextPools, botMapping, ...rest } = next;
  const session = db.client.startSession();
  try {
    await session.withTransaction(async () => {
      const found = await state.findOneAndUpdate(
        { _id: 'state' },
        { $inc: { revision: 1 }, $set: { head: { ...rest, pools: {}, botMapping: {} } } },
        { session, returnDocument: 'after' },
      );
      const revision = found?.revision ?? 0;
      await replaceRows(pools, nextPools, revision, session);
      await replaceRows(bots, botMapping, revision, session);
    });
  } finally {
    await session.endSession();
  }
}

async function replaceRows<T>(
  collection: Collection<RowDocument<T>>,
  record: Readonly<Record<string, T>>,
  revision: number,
  session: ClientSession,
): Promise<void> {
  const all = {} as Filter<RowDocument<T>>;
  const removed = {
    $set: { revision, removedAt: new Date() },
    $unset: { value: '', position: '' },
  };
  await collection.updateMany(all, removed as UpdateFilter<RowDocument<T>>, { session });
  for (const [index, [id, value]] of Object.entries(record).entries()) {
    const filter = { _id: id } as Filter<RowDocument<T>>;
    const row = { revision, position: index, value } as RowDocument<T>;
    await collection.replaceOne(filter, row, { session, upsert: true });
  }
}
