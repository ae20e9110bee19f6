// What exists in the simulated world when it begins: the demo's pools with their programs, and dedicated containers.
// Repeatable: what is there already is not touched.

import type { Db } from 'mongodb';
import { uidOfPoolName } from '../../pool-state/ownership.ts';
import { SIMULATED_HOST } from './simulated-bots.ts';
import {
  type DedicatedDocument,
  dedicatedKey,
  newContainerId,
  type PoolDocument,
  type PooledDocument,
  pooledKey,
  poolKey,
  prepareWorld,
  type WorldDocument,
  worldCollection,
} from './world-documents.ts';

/** By name. */
export interface ExistingBots {
  /** Container name → program name → its state. */
  readonly pooled: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dedicated: readonly string[];
}

export type NewDedicated = Pick<DedicatedDocument, 'instanceId'> &
  Partial<Omit<DedicatedDocument, '_id' | 'kind' | 'instanceId' | 'containerId'>>;

export type NewPool = Pick<PoolDocument, 'containerName'> &
  Partial<Pick<PoolDocument, 'host' | 'labels' | 'running' | 'strangers'>>;

/** Its port is by default the one of its number in a pool whose ports begin at 9000. */
export type NewPooled = Pick<PooledDocument, 'instanceId'> & {
  readonly containerName: string;
} & Partial<Omit<PooledDocument, '_id' | 'kind' | 'instanceId' | 'pool'>>;

export async function seedWorld(db: Db, { pooled, dedicated }: ExistingBots): Promise<void> {
  const { addDedicated, addPool, addPooled } = createWorldSeed(db);
  await prepareWorld(worldCollection(db));
  for (const name of dedicated) await addDedicated({ instanceId: after(BOT, name) });
  for (const [containerName, programs] of Object.entries(pooled)) {
    await addPool({ containerName });
    for (const [name, state] of Object.entries(programs)) {
      const program = state as NonNullable<NewPooled['program']>;
      await addPooled({ containerName, instanceId: after(PROGRAM, name), program });
    }
  }
}

export function createWorldSeed(db: Db) {
  const insertOnce = async (document: WorldDocument) => {
    const { _id, ...fields } = document;
    const collection = worldCollection(db);
    await collection.updateOne({ _id }, { $setOnInsert: fields }, { upsert: true });
  };
  const addPool = (pool: NewPool) => insertOnce(toPool(pool));
  return {
    addDedicated: (bot: NewDedicated) => insertOnce(toDedicated(bot)),
    addPool,
    /** Adds the pool too, where it is not there yet. */
    addPooled: async (bot: NewPooled) => {
      await addPool({ containerName: bot.containerName });
      await insertOnce(toPooled(bot));
    },
  };
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
