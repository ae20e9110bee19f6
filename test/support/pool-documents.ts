// A pool state in MongoDB, in a database of its own, and a platform that writes there.

import type { Connection } from 'mongoose';
import { onTestFinished } from 'vitest';
import {
  createMongoPoolStates,
  type MongoPoolStates,
  type MongoPoolStatesDeps,
} from '../../src/adapters/pool-state/mongo-pool-states.ts';
import { poolCollections } from '../../src/adapters/pool-state/pool-documents.ts';
import { readStore } from '../../src/adapters/pool-state/pool-documents-reader.ts';
import { activateStore, fillStore } from '../../src/adapters/pool-state/pool-documents-store.ts';
import type { PoolState } from '../../src/domain/pool-state.ts';
import { createTestDatabase } from './database.ts';

export interface PoolDatabase {
  readonly connection: Connection;
  /** Closed when the test has finished. */
  open(deps?: Partial<MongoPoolStatesDeps>): MongoPoolStates;
  stored(): Promise<PoolState>;
  /** As the platform writes: the rows and a raised revision in one transaction, asking nobody. */
  overwrite(state: PoolState): Promise<void>;
}

export async function createPoolDatabase(state?: PoolState): Promise<PoolDatabase> {
  const connection = await createTestDatabase();
  if (state !== undefined) await storePoolState(connection, state);
  return {
    connection,
    open: (deps) => {
      const states = createMongoPoolStates({ connection, now: () => new Date(), ...deps });
      onTestFinished(() => states.close());
      return states;
    },
    stored: () => storedPoolState(connection),
    overwrite: (next) => overwritePoolState(connection, next),
  };
}

export async function storePoolState(connection: Connection, state: PoolState): Promise<void> {
  const move = { file: 'sample', sha256: 'sample', isNewlineTerminated: true, at: new Date(0) };
  const isStored = await fillStore(connection, state, move);
  if (!isStored || !(await activateStore(connection, move))) throw new Error('not stored');
}

/** By a reader that remembers nothing. */
export async function storedPoolState(connection: Connection): Promise<PoolState> {
  const answer = await readStore(connection, 'active');
  if (answer.status === 'unknown') throw new Error(answer.reason);
  return answer.stored.state;
}

/** The rows and a raised revision in one transaction, asking nobody. */
export async function overwritePoolState(connection: Connection, next: PoolState): Promise<void> {
  const { state, pools, bots } = poolCollections(connection);
  const { pools: nextPools, botMapping, ...rest } = next;
  const session = connection.getClient().startSession();
  try {
    await session.withTransaction(async () => {
      const found = await state.findOneAndUpdate(
        { _id: 'state' },
        { $inc: { revision: 1 }, $set: { head: { ...rest, pools: {}, botMapping: {} } } },
        { session, returnDocument: 'after' },
      );
      const revision = found?.revision ?? 0;
      await pools.deleteMany({}, { session });
      await bots.deleteMany({}, { session });
      const rows = <T>(record: Readonly<Record<string, T>>) =>
        Object.entries(record).map(([_id, value], position) => ({
          _id,
          revision,
          position,
          value,
        }));
      const [newPools, newBots] = [rows(nextPools), rows(botMapping)];
      if (newPools.length > 0) await pools.insertMany(newPools, { session });
      if (newBots.length > 0) await bots.insertMany(newBots, { session });
    });
  } finally {
    await session.endSession();
  }
}
