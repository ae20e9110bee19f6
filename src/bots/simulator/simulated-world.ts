// Sets the simulated world up: the demo's bots, a test's cases, and how things go wrong in it. Repeatable:
// what is there already is not touched by `seed`.

import type { Connection } from 'mongoose';
import type { ObservedPooled } from '../../domain/bot.ts';
import { uidOfPoolName } from '../../pool-state/ownership.ts';
import { SIMULATED_HOST } from './simulated-bots.ts';
import {
  type DedicatedDocument,
  dedicatedKey,
  hostKey,
  type InjectedFault,
  newContainerId,
  type PoolDocument,
  type PooledDocument,
  pooledKey,
  poolKey,
  prepareWorld,
  type WorldDocument,
  worldCollection,
} from './world-documents.ts';

export interface SimulatedWorld {
  addDedicated(bot: NewDedicated): Promise<void>;
  addPool(pool: NewPool): Promise<void>;
  /** Adds the pool too, where it is not there yet. */
  addPooled(bot: NewPooled): Promise<void>;
  /** What exists in the demo: pools with their programs, and dedicated containers, by name. */
  seed(existing: ExistingBots): Promise<void>;
  /** Null: it behaves again. */
  injectFaults(target: WorldTarget, behaviour: InjectedFault | null): Promise<void>;
  /** A pool that stops forgets its programs; one that starts runs those whose conf file stands. */
  setPool(
    containerName: string,
    state: { readonly running?: boolean; readonly supervisord?: 'up' | 'dead' },
  ): Promise<void>;
  /** A bot's own container gets another name; its id stays. */
  rename(instanceId: string, containerName: string): Promise<void>;
  /** How long the bot needs to end, and what its owner lets it take. */
  setEnds(
    instanceId: string,
    ends: { readonly needsSeconds?: number; readonly stopSeconds?: number },
  ): Promise<void>;
  /** What supervisord says of a program from now on: one that has crashed, or was stopped by hand. */
  setProgram(instanceId: string, program: ObservedPooled['program']): Promise<void>;
  /** What the bot says that it is worth; null: it does not answer. */
  setLiveValue(instanceId: string, value: number | null): Promise<void>;
  snapshot(): Promise<WorldSnapshot>;
}

type WorldTarget =
  | { readonly host: string }
  | { readonly pool: string }
  | { readonly instanceId: string };

type NewDedicated = Pick<DedicatedDocument, 'instanceId'> &
  Partial<Omit<DedicatedDocument, '_id' | 'kind' | 'instanceId' | 'containerId'>>;

type NewPool = Pick<PoolDocument, 'containerName'> &
  Partial<Pick<PoolDocument, 'host' | 'labels' | 'running' | 'strangers'>>;

/** Its port is by default the one of its number in a pool whose ports begin at 9000. */
type NewPooled = Pick<PooledDocument, 'instanceId'> & { readonly containerName: string } & Partial<
    Omit<PooledDocument, '_id' | 'kind' | 'instanceId' | 'pool'>
  >;

export interface ExistingBots {
  /** Container name → program name → its state. */
  readonly pooled: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dedicated: readonly string[];
}

interface WorldSnapshot {
  readonly dedicated: readonly DedicatedDocument[];
  readonly pools: readonly PoolDocument[];
  readonly pooled: readonly PooledDocument[];
}

export function createSimulatedWorld(connection: Connection): SimulatedWorld {
  const collectionOf = () => worldCollection(connection);

  const insertOnce = async (document: WorldDocument) => {
    const { _id, ...fields } = document;
    await collectionOf().updateOne({ _id }, { $setOnInsert: fields }, { upsert: true });
  };

  const world: SimulatedWorld = {
    addDedicated: (bot) => insertOnce(toDedicated(bot)),
    addPool: (pool) => insertOnce(toPool(pool)),
    addPooled: async (bot) => {
      await insertOnce(toPool({ containerName: bot.containerName }));
      await insertOnce(toPooled(bot));
    },
    seed: async ({ pooled, dedicated }) => {
      await prepareWorld(collectionOf());
      for (const name of dedicated) await world.addDedicated({ instanceId: after(BOT, name) });
      for (const [containerName, programs] of Object.entries(pooled)) {
        await world.addPool({ containerName });
        for (const [name, state] of Object.entries(programs)) {
          const program = state as NonNullable<NewPooled['program']>;
          await world.addPooled({ containerName, instanceId: after(PROGRAM, name), program });
        }
      }
    },
    injectFaults: async (target, behaviour) => {
      const change = { $set: { injectFaults: behaviour ?? {} } };
      const collection = collectionOf();
      if ('host' in target) {
        const created = { $setOnInsert: { kind: 'host' as const } };
        const filter = { _id: hostKey(target.host) };
        await collection.updateOne(filter, { ...change, ...created }, { upsert: true });
      } else if ('pool' in target) {
        await collection.updateOne({ _id: poolKey(target.pool) }, change);
      } else {
        const ids = [dedicatedKey(target.instanceId), pooledKey(target.instanceId)];
        await collection.updateMany({ _id: { $in: ids } }, change);
      }
    },
    setPool: async (containerName, state) => {
      const collection = collectionOf();
      await collection.updateOne({ _id: poolKey(containerName) }, { $set: state });
      if (state.running === undefined) return;
      await collection.updateMany({ pool: containerName }, { $set: { program: 'absent' } });
      if (!state.running) return;
      const started = { pool: containerName, conf: 'present' as const };
      await collection.updateMany(started, { $set: { program: 'RUNNING' } });
    },
    rename: async (instanceId, containerName) => {
      await collectionOf().updateOne(
        { _id: dedicatedKey(instanceId) },
        { $set: { containerName } },
      );
    },
    setEnds: async (instanceId, ends) => {
      const ids = [dedicatedKey(instanceId), pooledKey(instanceId)];
      await collectionOf().updateMany({ _id: { $in: ids } }, { $set: ends });
    },
    setProgram: async (instanceId, program) => {
      await collectionOf().updateOne({ _id: pooledKey(instanceId) }, { $set: { program } });
    },
    setLiveValue: async (instanceId, liveValue) => {
      const ids = [dedicatedKey(instanceId), pooledKey(instanceId)];
      await collectionOf().updateMany({ _id: { $in: ids } }, { $set: { liveValue } });
    },
    snapshot: async () => {
      const all = await collectionOf().find().sort({ _id: 1 }).toArray();
      const documents = all as WorldDocument[];
      return {
        dedicated: documents.filter((document) => document.kind === 'dedicated'),
        pools: documents.filter((document) => document.kind === 'pool'),
        pooled: documents.filter((document) => document.kind === 'pooled'),
      };
    },
  };
  return world;
}

const BOT = 'freqtrade-';
const PROGRAM = 'bot-';

function toDedicated(bot: NewDedicated): DedicatedDocument {
  const { instanceId } = bot;
  return {
    ...{ _id: dedicatedKey(instanceId), kind: 'dedicated', host: SIMULATED_HOST },
    ...{ containerId: newContainerId(), containerName: `${BOT}${instanceId}`, labels: {} },
    ...{ running: true, paused: false, restartPolicy: 'unless-stopped' },
    ...bot,
  };
}

function toPool(pool: NewPool): PoolDocument {
  const { containerName, labels = {} } = pool;
  return {
    ...{ _id: poolKey(containerName), kind: 'pool', host: SIMULATED_HOST },
    ...{ containerId: newContainerId(), uid: labels.userId ?? uidOfPoolName(containerName) },
    ...{ labels, running: true, supervisord: 'up' },
    ...pool,
  };
}

function toPooled({ containerName: pool, ...bot }: NewPooled): PooledDocument {
  const { instanceId } = bot;
  const state = { conf: 'present', program: 'RUNNING', port: portOf(instanceId) } as const;
  return { _id: pooledKey(instanceId), kind: 'pooled', pool, ...state, ...bot };
}

function portOf(instanceId: string): number {
  const number = Number(/-bot-(\d{1,4})$/.exec(instanceId)?.[1] ?? 1);
  return 9_000 + number - 1;
}

function after(prefix: string, name: string): string {
  if (!name.startsWith(prefix)) throw new Error(`${name} does not begin with ${prefix}`);
  return name.slice(prefix.length);
}
