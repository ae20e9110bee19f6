// The platform's pool state, as it is stored: which bots share which container. The platform writes
// this too, so fields unknown here are kept; `userId` is the firebaseUid. Ids are keys of a Map or
// checked with Object.hasOwn, never trusted as property names.

export interface Pool {
  readonly id: string;
  readonly userId: string;
  readonly containerName: string;
  readonly basePort: number;
  readonly capacity: number;
  readonly bots: readonly string[];
  readonly status: 'running' | 'stopped' | 'failed';
  readonly createdAt: string;
  readonly poolDir: string;
  readonly [unknownField: string]: unknown;
}

export interface BotMapping {
  readonly poolId: string;
  readonly containerName: string;
  /** The container's network name on the platform; never a Docker host. */
  readonly host: string;
  readonly slotIndex: number;
  readonly port: number;
  readonly status: 'pending' | 'running' | 'stopped' | 'failed';
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
  readonly nextPoolId: number;
  readonly updatedAt: string;
  readonly [unknownField: string]: unknown;
}

/** Where the state holds a bot: its mapping, and every pool whose list names it (two lists can). */
export interface PoolEntry {
  readonly mapping: BotMapping | null;
  readonly memberships: readonly { readonly poolId: string; readonly position: number }[];
}

/** The bot's entry, or null when neither the mapping nor any pool knows it. */
export function findEntry(state: PoolState, instanceId: string): PoolEntry | null {
  const mapping = Object.hasOwn(state.botMapping, instanceId)
    ? (state.botMapping[instanceId] ?? null)
    : null;
  const memberships = Object.values(state.pools).flatMap((pool) => {
    const position = pool.bots.indexOf(instanceId);
    return position < 0 ? [] : [{ poolId: pool.id, position }];
  });
  return mapping === null && memberships.length === 0 ? null : { mapping, memberships };
}

/** The state without the bot; the same object when it was not in it. */
export function takeOut(state: PoolState, instanceId: string): PoolState {
  if (findEntry(state, instanceId) === null) return state;
  const pools = mapValues(state.pools, (pool) =>
    pool.bots.includes(instanceId)
      ? { ...pool, bots: pool.bots.filter((bot) => bot !== instanceId) }
      : pool,
  );
  const { [instanceId]: _taken, ...botMapping } = state.botMapping;
  return { ...state, pools, botMapping };
}

/** The state with a captured entry put back, at its old position as far as the list still has it.
 * What the state already says of the bot is newer than the capture and stays; a pool that is gone is
 * not made again. The same object when there is nothing to put back. */
export function putBack(state: PoolState, instanceId: string, entry: PoolEntry): PoolState {
  const missing = entry.memberships.filter(({ poolId }) => {
    const pool = Object.hasOwn(state.pools, poolId) ? state.pools[poolId] : undefined;
    return pool !== undefined && !pool.bots.includes(instanceId);
  });
  const mapping = Object.hasOwn(state.botMapping, instanceId) ? null : entry.mapping;
  if (missing.length === 0 && mapping === null) return state;
  const positions = new Map(missing.map(({ poolId, position }) => [poolId, position]));
  const pools = mapValues(state.pools, (pool) => {
    const position = positions.get(pool.id);
    return position === undefined
      ? pool
      : { ...pool, bots: pool.bots.toSpliced(position, 0, instanceId) };
  });
  const botMapping =
    mapping === null ? state.botMapping : { ...state.botMapping, [instanceId]: mapping };
  return { ...state, pools, botMapping };
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => T) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
