// Puts a bot that the pool state has lost back into it, from what Docker shows: its pool, its owner, its program.
// What Docker does not show is not invented: a pool that the state does not know is not made, and of the slot and
// port only free ones of the pool's own range are taken.

import type { PooledSighting } from './bot.ts';
import type { FirebaseUid, InstanceId } from './ids.ts';
import { ownsPool } from './owned-entry.ts';
import { findEntry, findPools, type Pool, type PoolState } from './pool-state.ts';
import { hiddenBy } from './unreadable-rows.ts';

export interface LostBot {
  readonly instanceId: InstanceId;
  readonly firebaseUid: FirebaseUid;
  readonly sighting: PooledSighting;
  /** ISO 8601: the moment of the rebuilding, which no source tells better. */
  readonly at: string;
}

/** The same object where the bot has an entry again, or where its pool is not known. */
export function rebuildEntry(state: PoolState, bot: LostBot): PoolState {
  const { instanceId, firebaseUid, sighting, at } = bot;
  if (findEntry(state, instanceId) !== null || hiddenBy(state, instanceId) !== null) return state;
  const pool = poolOf(state, bot);
  const slotIndex = pool === undefined ? undefined : freeSlot(state, pool);
  if (pool === undefined || slotIndex === undefined) return state;
  const mapping = {
    poolId: pool.id,
    containerName: pool.containerName,
    host: pool.containerName,
    slotIndex,
    port: pool.basePort + slotIndex,
    status: sighting.program === 'RUNNING' ? 'running' : 'stopped',
    instanceId,
    userId: firebaseUid,
    createdAt: at,
    dockerHost: sighting.host,
  };
  const bots = pool.bots.includes(instanceId) ? pool.bots : [...pool.bots, instanceId];
  return {
    ...state,
    pools: { ...state.pools, [pool.id]: { ...pool, bots } },
    botMapping: { ...state.botMapping, [instanceId]: mapping },
  };
}

/** Whether the entry could be made: the state knows the pool, it is this user's, and it has a port left. */
export function isRebuildable(state: PoolState, bot: LostBot): boolean {
  const pool = poolOf(state, bot);
  return pool !== undefined && freeSlot(state, pool) !== undefined;
}

function poolOf(state: PoolState, { sighting, firebaseUid }: LostBot): Pool | undefined {
  const { containerName, labels } = sighting;
  const [pool, ...others] = findPools(state, containerName, labels.poolId);
  if (pool === undefined || others.length > 0 || state.pools[pool.id] !== pool) return undefined;
  return ownsPool({ userId: null, firebaseUid }, pool.id, pool) ? pool : undefined;
}

// A bot that only the list names has a port too, which nobody knows: a full list leaves none.
function freeSlot({ botMapping }: PoolState, pool: Pool): number | undefined {
  if (pool.bots.length >= pool.capacity) return undefined;
  const taken = new Set(
    Object.values(botMapping)
      .filter(({ poolId }) => poolId === pool.id)
      .map(({ port }) => port),
  );
  for (let slot = 0; slot < pool.capacity; slot += 1) {
    if (!taken.has(pool.basePort + slot)) return slot;
  }
  return undefined;
}
