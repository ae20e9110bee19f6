// Sets the simulated world up as a test's case wants it, and makes things go wrong in it, over its documents.

import type { Db } from 'mongodb';
import {
  createWorldSeed,
  type ExistingBots,
  seedWorld,
} from '../../src/bots/simulator/seed-world.ts';
import {
  type DedicatedDocument,
  dedicatedKey,
  hostKey,
  type InjectedFault,
  type PoolDocument,
  type PooledDocument,
  pooledKey,
  poolKey,
  type WorldDocument,
  worldCollection,
} from '../../src/bots/simulator/world-documents.ts';

export type SimulatedWorld = ReturnType<typeof createSimulatedWorld>;

type WorldTarget =
  | { readonly host: string }
  | { readonly pool: string }
  | { readonly instanceId: string };

interface WorldSnapshot {
  readonly dedicated: readonly DedicatedDocument[];
  readonly pools: readonly PoolDocument[];
  readonly pooled: readonly PooledDocument[];
}

export function createSimulatedWorld(db: Db) {
  const collectionOf = () => worldCollection(db);
  const keysOf = (instanceId: string) => ({
    _id: { $in: [dedicatedKey(instanceId), pooledKey(instanceId)] },
  });

  return {
    ...createWorldSeed(db),
    /** What exists in the demo, by name. */
    seed: (existing: ExistingBots): Promise<void> => seedWorld(db, existing),
    /** Null: it behaves again. */
    injectFaults: async (target: WorldTarget, behaviour: InjectedFault | null): Promise<void> => {
      const change = { $set: { injectFaults: behaviour ?? {} } };
      const collection = collectionOf();
      if ('host' in target) {
        const created = { $setOnInsert: { kind: 'host' as const } };
        const filter = { _id: hostKey(target.host) };
        await collection.updateOne(filter, { ...change, ...created }, { upsert: true });
      } else if ('pool' in target) {
        await collection.updateOne({ _id: poolKey(target.pool) }, change);
      } else await collection.updateMany(keysOf(target.instanceId), change);
    },
    /** A pool that stops forgets its programs; one that starts runs those whose conf file stands. */
    setPool: async (
      containerName: string,
      state: { readonly running?: boolean; readonly supervisord?: 'up' | 'dead' },
    ): Promise<void> => {
      const collection = collectionOf();
      await collection.updateOne({ _id: poolKey(containerName) }, { $set: state });
      if (state.running === undefined) return;
      await collection.updateMany({ pool: containerName }, { $set: { program: 'absent' } });
      if (!state.running) return;
      const started = { pool: containerName, conf: 'present' as const };
      await collection.updateMany(started, { $set: { program: 'RUNNING' } });
    },
    /** A bot's own container gets another name; its id stays. */
    rename: async (instanceId: string, containerName: string): Promise<void> => {
      const filter = { _id: dedicatedKey(instanceId) };
      await collectionOf().updateOne(filter, { $set: { containerName } });
    },
    /** How long the bot needs to end, and what its owner lets it take. */
    setEnds: async (
      instanceId: string,
      ends: { readonly needsSeconds?: number; readonly stopSeconds?: number },
    ): Promise<void> => {
      await collectionOf().updateMany(keysOf(instanceId), { $set: ends });
    },
    /** What supervisord says of a program from now on: one that has crashed, or was stopped by hand. */
    setProgram: async (instanceId: string, program: PooledDocument['program']): Promise<void> => {
      await collectionOf().updateOne({ _id: pooledKey(instanceId) }, { $set: { program } });
    },
    /** What the bot says that it is worth; null: it does not answer. */
    setLiveValue: async (instanceId: string, liveValue: number | null): Promise<void> => {
      await collectionOf().updateMany(keysOf(instanceId), { $set: { liveValue } });
    },
    snapshot: async (): Promise<WorldSnapshot> => {
      const all = await collectionOf().find().sort({ _id: 1 }).toArray();
      const documents = all as WorldDocument[];
      return {
        dedicated: documents.filter((document) => document.kind === 'dedicated'),
        pools: documents.filter((document) => document.kind === 'pool'),
        pooled: documents.filter((document) => document.kind === 'pooled'),
      };
    },
  };
}
