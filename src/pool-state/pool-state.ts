// The platform's pool state, as it is stored: which bots share which container. The platform writes
// this too, so fields unknown here are kept; `userId` is the firebaseUid. Ids are keys of a Map or
// checked with Object.hasOwn, never trusted as property names.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';
import type { UNREADABLE, UnreadableRows } from './unreadable-rows.ts';

export interface Pool {
  readonly id: string;
  /** Missing in pools of platform versions before 2026-01-02. */
  readonly userId?: string;
  readonly containerName: string;
  readonly basePort: number;
  readonly capacity: number;
  readonly bots: readonly string[];
  /** running, stopped or failed; a status of a newer platform is kept as it is. */
  readonly status: string;
  readonly createdAt: string;
  readonly poolDir?: string;
  readonly [unknownField: string]: unknown;
}

export interface BotMapping {
  readonly poolId: string;
  readonly containerName: string;
  /** Where the platform reaches the bot; never a Docker host. Missing in mappings of its versions before 2026-01-03. */
  readonly host?: string;
  readonly slotIndex: number;
  readonly port: number;
  /** pending, running, stopped or failed; a status of a newer platform is kept as it is. */
  readonly status: string;
  readonly instanceId: string;
  readonly userId: string;
  readonly createdAt: string;
  /** Our addition: the name of the Docker host of DOCKER_HOSTS that holds the bot. */
  readonly dockerHost?: string;
  readonly [unknownField: string]: unknown;
}

export interface PoolState {
  readonly pools: Readonly<Record<string, Pool>>;
  readonly botMapping: Readonly<Record<string, BotMapping>>;
  readonly nextPoolId?: number;
  readonly updatedAt?: string;
  readonly [UNREADABLE]?: UnreadableRows;
  readonly [unknownField: string]: unknown;
}

/** Where the state holds a bot: its mapping, and every entry in a pool's list that names it, in
 * ascending order of position (two lists can name it, and one list can name it twice). `poolId` is the
 * key of the pool in `pools`. */
export type PoolEntry = StoredOf<typeof POOL_ENTRY>;
export const POOL_ENTRY = Type.Object({
  mapping: Type.Union([
    Type.Null(),
    /** As the platform wrote it, its unknown fields included: it is put back as it was. */
    Type.Unsafe<BotMapping>(Type.Record(Type.String(), Type.Unknown())),
  ]),
  memberships: Type.Array(Type.Object({ poolId: Type.String(), position: Type.Number() })),
});

/** The bot's entry, or null when neither the mapping nor any pool knows it. */
export function findEntry(state: PoolState, instanceId: string): PoolEntry | null {
  const mapping = ownValue(state.botMapping, instanceId) ?? null;
  const memberships = membershipsOf(state.pools, instanceId);
  return mapping === null && memberships.length === 0 ? null : { mapping, memberships };
}

/** Every bot that the mapping or a pool's list names, once. */
export function listedBots({ pools, botMapping }: PoolState): readonly string[] {
  const listed = Object.values(pools).flatMap(({ bots }) => bots);
  return [...new Set([...Object.keys(botMapping), ...listed])];
}

/** The containers that the state names for a bot: its mapping's, and those of the pools that list it. */
export function poolContainersOf(state: PoolState, instanceId: string): readonly string[] {
  const entry = findEntry(state, instanceId);
  if (entry === null) return [];
  const { mapping, memberships } = entry;
  const names = memberships.flatMap(
    ({ poolId }) => ownValue(state.pools, poolId)?.containerName ?? [],
  );
  return [...new Set(mapping === null ? names : [mapping.containerName, ...names])];
}

/** The pools of this container, else the one of this id. More than one is a contradiction of the state. */
export function findPools(
  { pools }: PoolState,
  containerName: string,
  poolId: string | undefined,
): readonly Pool[] {
  let names = poolNames.get(pools);
  if (names === undefined) {
    names = Map.groupBy(Object.values(pools), (pool) => pool.containerName);
    poolNames.set(pools, names);
  }
  const byId = poolId === undefined ? undefined : ownValue(pools, poolId);
  return names.get(containerName) ?? (byId === undefined ? [] : [byId]);
}

/** Pools by their container, by the pools they were read from: a run over all users reads thousands. */
const poolNames = new WeakMap<PoolState['pools'], ReadonlyMap<string, readonly Pool[]>>();

type Memberships = PoolEntry['memberships'];

/** An index of bots by the pools it was read from: one state serves many bots, and never changes. */
const indexes = new WeakMap<PoolState['pools'], ReadonlyMap<string, Memberships> | 'asked once'>();

// The first query is answered by a search; the second shows that an index is worth its cost.
function membershipsOf(pools: PoolState['pools'], instanceId: string): Memberships {
  const known = indexes.get(pools);
  if (known === undefined) {
    indexes.set(pools, 'asked once');
    return Object.entries(pools).flatMap(([poolId, { bots }]) =>
      bots.includes(instanceId) ? positionsIn(poolId, bots, instanceId) : [],
    );
  }
  const index = known === 'asked once' ? indexOf(pools) : known;
  if (known === 'asked once') indexes.set(pools, index);
  return index.get(instanceId) ?? [];
}

function indexOf(pools: PoolState['pools']): ReadonlyMap<string, Memberships> {
  const index = new Map<string, { readonly poolId: string; readonly position: number }[]>();
  for (const [poolId, { bots }] of Object.entries(pools)) {
    bots.forEach((bot, position) => {
      const places = index.get(bot) ?? [];
      places.push({ poolId, position });
      index.set(bot, places);
    });
  }
  return index;
}

function positionsIn(poolId: string, bots: readonly string[], instanceId: string): Memberships {
  return bots.flatMap((bot, position) => (bot === instanceId ? [{ poolId, position }] : []));
}

/** The state without the bot; the same object when it was not in it. */
export function takeOut(state: PoolState, instanceId: string): PoolState {
  const entry = findEntry(state, instanceId);
  return entry === null ? state : takeOutEntry(state, instanceId, entry);
}

/** The state without this entry of the bot: a part of what `findEntry` gave, where the rest is not the
 * caller's to touch. */
export function takeOutEntry(state: PoolState, instanceId: string, entry: PoolEntry): PoolState {
  return takeOutEntries(state, new Map([[instanceId, entry]]));
}

/** The state without these entries, by their bots, in one copy: many bots leave a large state together. */
export function takeOutEntries(
  state: PoolState,
  entries: ReadonlyMap<string, PoolEntry>,
): PoolState {
  const leaving = new Map<string, Set<string>>();
  for (const [instanceId, { memberships }] of entries) {
    for (const { poolId } of memberships) {
      const bots = leaving.get(poolId) ?? new Set();
      leaving.set(poolId, bots.add(instanceId));
    }
  }
  const changed = [...leaving].flatMap(([poolId, bots]): [string, Pool][] => {
    const pool = ownValue(state.pools, poolId);
    if (pool === undefined) return [];
    return [[poolId, { ...pool, bots: pool.bots.filter((bot) => !bots.has(bot)) }]];
  });
  const pools = changed.length === 0 ? state.pools : copyWith(state.pools, changed);
  const mapped = [...entries].filter(([, { mapping }]) => mapping !== null);
  if (mapped.length === 0) return { ...state, pools };
  const botMapping = { ...state.botMapping };
  for (const [instanceId] of mapped) delete botMapping[instanceId];
  return { ...state, pools, botMapping };
}

/** The state with a captured entry put back, at its old position as far as the list still has it.
 * What the state already holds of the bot is newer than the capture and stays; a pool that is gone is
 * not made again. The same object when there is nothing to put back. */
export function putBack(state: PoolState, instanceId: string, entry: PoolEntry): PoolState {
  const missing = entry.memberships.filter(({ poolId }) => {
    const pool = ownValue(state.pools, poolId);
    return pool !== undefined && !pool.bots.includes(instanceId);
  });
  const mapping = Object.hasOwn(state.botMapping, instanceId) ? null : entry.mapping;
  if (missing.length === 0 && mapping === null) return state;
  const pools = withPools(state.pools, missing, (bots, position) =>
    bots.toSpliced(position, 0, instanceId),
  );
  const botMapping =
    mapping === null ? state.botMapping : { ...state.botMapping, [instanceId]: mapping };
  return { ...state, pools, botMapping };
}

type Pools = PoolState['pools'];

/** Only the pools that are named are made anew: with thousands of pools a change stays small. */
function withPools(
  pools: Pools,
  memberships: PoolEntry['memberships'],
  change: (bots: readonly string[], position: number) => readonly string[],
): Pools {
  if (memberships.length === 0) return pools;
  const changed = new Map<string, Pool>();
  for (const { poolId, position } of memberships) {
    const pool = changed.get(poolId) ?? ownValue(pools, poolId);
    if (pool !== undefined) changed.set(poolId, { ...pool, bots: change(pool.bots, position) });
  }
  return copyWith(pools, [...changed]);
}

function copyWith(pools: Pools, changed: readonly (readonly [string, Pool])[]): Pools {
  return { ...pools, ...Object.fromEntries(changed) };
}

/** Ids are data: what is no own property is not there. */
export function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
