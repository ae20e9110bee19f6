// Who lives in which container, by the pool state: for those who look at containers one by one. A bot is in the pool of
// its mapping; where it has none, in the pools that list it.

import type { BotMapping, Pool, PoolState } from './pool-state.ts';

export interface RosterPool {
  /** The pool's key in `pools`. */
  readonly key: string;
  readonly pool: Pool;
  readonly bots: readonly RosterBot[];
}

export interface RosterBot {
  readonly instanceId: string;
  readonly containerName: string;
  /** The key of its pool; null for a bot with a container of its own. */
  readonly poolKey: string | null;
  /** Null: only a pool's list names it. */
  readonly mapping: BotMapping | null;
  /** A user's `_id` or firebaseUid; null where mapping and pool name two users. */
  readonly owner: string | null;
}

export interface Roster {
  readonly pools: readonly RosterPool[];
  /** Bots that are mapped to a container which is no pool's. */
  readonly dedicated: readonly RosterBot[];
}

export function rosterOf(state: PoolState): Roster {
  const { pools, botMapping } = state;
  const byPool = new Map<string, RosterBot[]>(Object.keys(pools).map((key) => [key, []]));
  const dedicated: RosterBot[] = [];
  for (const [instanceId, mapping] of Object.entries(botMapping)) {
    const { poolId, containerName, userId } = mapping;
    const pool = byPool.has(poolId) ? pools[poolId] : undefined;
    const owner = pool === undefined || pool.userId === userId ? userId : null;
    const bot = { instanceId, mapping, owner };
    if (pool === undefined) dedicated.push({ ...bot, containerName, poolKey: null });
    else byPool.get(poolId)?.push({ ...bot, containerName: pool.containerName, poolKey: poolId });
  }
  for (const [key, { bots, containerName, userId: owner }] of Object.entries(pools)) {
    for (const instanceId of new Set(bots)) {
      if (Object.hasOwn(botMapping, instanceId)) continue;
      byPool.get(key)?.push({ instanceId, containerName, poolKey: key, mapping: null, owner });
    }
  }
  return {
    pools: Object.entries(pools).map(([key, pool]) => ({ key, pool, bots: byPool.get(key) ?? [] })),
    dedicated,
  };
}
