// Which bots run in which container, by the pool state: for callers that inspect containers one by one. A bot is in the
// pool of its mapping; where it has none, in the pools that list it; where its mapping cannot be read, nowhere.

import { parseInstanceId } from '../domain/ids.ts';
import { mappingClaims, poolClaims } from './owned-entry.ts';
import { isPlatformName, prefixCandidates, uidOfPoolId } from './ownership.ts';
import { type BotMapping, ownValue, type Pool, type PoolState } from './pool-state.ts';
import { fieldOf, UNREADABLE } from './unreadable-rows.ts';

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
  /** All users whom mapping, pool and the pool's name name: `_id`s or firebaseUids, which may be one user's. */
  readonly owners: readonly string[];
}

/** A row that names more than one user, which may be one user by two names, or that claims a container which is not
 * the platform's. */
export interface RosterConflict {
  /** Null: a pool's row. */
  readonly instanceId: string | null;
  readonly key: string;
  readonly containerName: string;
  /** All users whom it names. */
  readonly names: readonly string[];
}

export interface Roster {
  readonly pools: readonly RosterPool[];
  /** Bots that are mapped to a container which is no pool's. */
  readonly dedicated: readonly RosterBot[];
  readonly conflicts: readonly RosterConflict[];
  readonly unreadable: readonly UnreadableEntry[];
}

/** A row that cannot be read. */
export interface UnreadableEntry {
  /** Null: a pool's row. */
  readonly instanceId: string | null;
  readonly key: string;
  readonly reason: string;
  /** All users whom its readable fields name, likeliest first. */
  readonly names: readonly string[];
}

export function rosterOf(state: PoolState): Roster {
  const { pools, botMapping } = state;
  const byPool = new Map<string, RosterBot[]>(Object.keys(pools).map((key) => [key, []]));
  const dedicated: RosterBot[] = [];
  for (const [instanceId, mapping] of Object.entries(botMapping)) {
    const { poolId, containerName } = mapping;
    const pool = ownValue(pools, poolId);
    const bot = { instanceId, mapping, owners: mappingClaims(state, mapping) };
    if (pool === undefined) dedicated.push({ ...bot, containerName, poolKey: null });
    else byPool.get(poolId)?.push({ ...bot, containerName: pool.containerName, poolKey: poolId });
  }
  for (const [key, pool] of Object.entries(pools)) {
    const { bots, containerName } = pool;
    const owners = poolClaims(key, pool);
    for (const instanceId of new Set(bots)) {
      if (Object.hasOwn(botMapping, instanceId) || hasUnreadableMapping(state, instanceId))
        continue;
      byPool.get(key)?.push({ instanceId, containerName, poolKey: key, mapping: null, owners });
    }
  }
  return {
    pools: Object.entries(pools).map(([key, pool]) => ({ key, pool, bots: byPool.get(key) ?? [] })),
    dedicated,
    conflicts: conflictsIn(state),
    unreadable: unreadableIn(state),
  };
}

/** It has a mapping, of which nothing is known: not the bot that has none. */
function hasUnreadableMapping(state: PoolState, instanceId: string): boolean {
  return Object.hasOwn(state[UNREADABLE]?.botMapping ?? {}, instanceId);
}

function unreadableIn(state: PoolState): readonly UnreadableEntry[] {
  const { pools = {}, botMapping = {} } = state[UNREADABLE] ?? {};
  const entries = [
    ...Object.entries(pools).map(([key, row]) => ({ key, row, instanceId: null })),
    ...Object.entries(botMapping).map(([key, row]) => ({ key, row, instanceId: key })),
  ];
  return entries.map(({ key, row, instanceId }) => {
    const id = parseInstanceId(instanceId);
    const guesses = id === undefined ? [uidOfPoolId(key)] : prefixCandidates(id);
    const names = [fieldOf(row, 'userId'), ...guesses].filter((name) => typeof name === 'string');
    return { instanceId, key, reason: row.reason, names };
  });
}

function conflictsIn(state: PoolState): readonly RosterConflict[] {
  const pools = Object.entries(state.pools).map(([key, pool]) => ({
    ...{ instanceId: null, key, containerName: pool.containerName },
    names: poolClaims(key, pool),
  }));
  const bots = Object.entries(state.botMapping).map(([key, mapping]) => ({
    ...{ instanceId: key, key, containerName: mapping.containerName },
    names: mappingClaims(state, mapping),
  }));
  return [...pools, ...bots].filter(
    ({ names, containerName }) => names.length > 1 || !isPlatformName(containerName),
  );
}
