// Slots and ports of pools: which are taken, and how a new bot gets one. Pure, because it decides inside the
// lock of the pool state. A slot whose bot was not yet observed gone is taken, regardless of the lists: its
// port may still be in use.

import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import { ownsPool, type ReservedSlot } from './owned-entry.ts';
import type { OwnerNames } from './ownership.ts';
import { type BotMapping, ownValue, type Pool, type PoolState } from './pool-state.ts';
import { fieldOf, UNREADABLE } from './unreadable-rows.ts';

/** A slot that a tombstone holds, and for which bot. */
export interface HeldSlot {
  readonly instanceId: string;
  readonly slot: ReservedSlot;
}

/** A pool whose container was observed running, and on which Docker host. */
export interface RunningPool {
  readonly poolId: string;
  readonly containerName: string;
  readonly host: string;
}

export interface SlotOrder {
  readonly instanceId: InstanceId;
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  /** In the order in which they are tried. */
  readonly pools: readonly RunningPool[];
  readonly held: readonly HeldSlot[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The user's own pools: those that every source names as theirs. */
export function ownPools(state: PoolState, owner: OwnerNames): readonly Pool[] {
  return Object.entries(state.pools).flatMap(([key, pool]) =>
    pool.id === key && ownsPool(owner, key, pool) ? [pool] : [],
  );
}

/** The first port that is free, where the pool has room for one more bot; null where it has not. */
export function freePort(state: PoolState, pool: Pool, held: readonly HeldSlot[]): number | null {
  const mapped = Object.entries(state.botMapping).filter(([, { poolId }]) => poolId === pool.id);
  const kept = held.filter(({ slot }) => slot.poolId === pool.id);
  const hidden = Object.entries(state[UNREADABLE]?.botMapping ?? {}).filter(([, row]) =>
    [pool.id, undefined].includes(textOf(fieldOf(row, 'poolId'))),
  );
  const hiddenPorts = hidden.map(([, row]) => fieldOf(row, 'port'));
  const placed = new Set<string>([
    ...hidden.map(([id]) => id),
    ...mapped.map(([id]) => id),
    ...kept.map(({ instanceId }) => instanceId),
  ]);
  // One whose port cannot be read may have any, and so may one that only the list names.
  if (hiddenPorts.some((port) => typeof port !== 'number')) return null;
  if (pool.bots.some((bot) => !placed.has(bot)) || placed.size >= pool.capacity) return null;
  const taken = new Set<unknown>([
    ...hiddenPorts,
    ...mapped.map(([, { port }]) => port),
    ...kept.map(({ slot }) => slot.port),
  ]);
  for (let port = pool.basePort; port < pool.basePort + pool.capacity; port += 1) {
    if (!taken.has(port)) return port;
  }
  return null;
}

export interface PortClaim {
  readonly poolId: string;
  readonly port: number;
  readonly instanceId: string;
}

/** Another bot of the pool that a row gives this port to, readable as a whole or not; null: no other bot has it. */
export function portHolder(
  state: PoolState,
  { poolId, port, instanceId }: PortClaim,
): string | null {
  const mapped = Object.entries(state.botMapping).find(
    ([id, mapping]) => id !== instanceId && mapping.poolId === poolId && mapping.port === port,
  );
  const hidden = Object.entries(state[UNREADABLE]?.botMapping ?? {}).find(([id, row]) => {
    const isInPool = [poolId, undefined].includes(textOf(fieldOf(row, 'poolId')));
    return id !== instanceId && isInPool && fieldOf(row, 'port') === port;
  });
  return (mapped ?? hidden)?.[0] ?? null;
}

/** Whether a row of this pool, readable as a whole or not, or a tombstone names the slot that the bot has in it. */
export function isPlacedIn(
  state: PoolState,
  held: readonly HeldSlot[],
  poolId: string,
  instanceId: string,
): boolean {
  if (ownValue(state.botMapping, instanceId)?.poolId === poolId) return true;
  const hidden = ownValue(state[UNREADABLE]?.botMapping ?? {}, instanceId);
  if (hidden !== undefined && [poolId, undefined].includes(textOf(fieldOf(hidden, 'poolId')))) {
    return true;
  }
  return held.some((one) => one.instanceId === instanceId && one.slot.poolId === poolId);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The state with the bot in the first of the pools that has room, `pending`; null where none has. */
export function assignSlot(state: PoolState, order: SlotOrder): PoolState | null {
  const { instanceId, firebaseUid, held, createdAt } = order;
  const own = new Map(ownPools(state, order).map((pool) => [pool.id, pool]));
  for (const { poolId, containerName, host } of order.pools) {
    const pool = own.get(poolId);
    if (pool === undefined || pool.containerName !== containerName) continue;
    const port = freePort(state, pool, held);
    if (port === null) continue;
    // The platform's own meaning of slotIndex: the number of bots at that moment, not an identity.
    const slot = { slotIndex: pool.bots.length, port };
    const place = { poolId, containerName, ...hostOfPool(state, poolId), ...slot };
    const bot = { status: 'pending', instanceId, userId: firebaseUid, createdAt };
    return withBot(state, pool, { ...place, ...bot, dockerHost: host });
  }
  return null;
}

export type Activation =
  | { readonly status: 'active'; readonly state: PoolState }
  /** Another bot has the port or the id now, or the pool is gone. */
  | { readonly status: 'impossible'; readonly reason: string };

/** The state with the assigned entry `running`. Where the platform's next write lost the entry, it is put in
 * again as it was assigned. The same state where it is so already. */
export function activateSlot(state: PoolState, assigned: BotMapping): Activation {
  const { instanceId, poolId, port } = assigned;
  const pool = ownValue(state.pools, poolId);
  if (pool === undefined) return impossible(`there is no pool ${poolId} any more`);
  const rival = portHolder(state, { poolId, port, instanceId });
  if (rival !== null) return impossible(`port ${port} of ${poolId} belongs to ${rival}`);
  const found = ownValue(state.botMapping, instanceId);
  if (found !== undefined && found.createdAt !== assigned.createdAt) {
    return impossible(`${instanceId} was given to another bot`);
  }
  if (found?.status === 'running' && pool.bots.includes(instanceId)) {
    return { status: 'active', state };
  }
  const mapping = { ...hostOfPool(state, poolId), ...assigned, ...found, status: 'running' };
  return { status: 'active', state: withBot(state, pool, mapping) };
}

function impossible(reason: string): Activation {
  return { status: 'impossible', reason };
}

/** The state with the bot's mapping, and the bot on its pool's list. */
export function withBot(state: PoolState, pool: Pool, mapping: BotMapping): PoolState {
  const { instanceId } = mapping;
  const bots = pool.bots.includes(instanceId) ? pool.bots : [...pool.bots, instanceId];
  return {
    ...state,
    pools: { ...state.pools, [pool.id]: { ...pool, bots } },
    botMapping: { ...state.botMapping, [instanceId]: mapping },
  };
}

// The `host` of a mapping: where the platform reaches the bot. It is a setting of the platform's (`localhost`, the container's
// name, a name of its own), which no other source knows: what it wrote beside is taken, and nothing is made up.

/** The host that every other mapping of the pool has, as a field of a mapping. Where they have none, or not the same one, the
 * field is left out: its older versions wrote none, and the platform resolves such a host by itself when it connects. */
export function hostOfPool({ botMapping }: PoolState, poolId: string): { readonly host?: string } {
  const hosts = new Set(
    Object.values(botMapping).flatMap((mapping) =>
      mapping.poolId === poolId && mapping.host !== undefined ? [mapping.host] : [],
    ),
  );
  const [host] = hosts;
  return host === undefined || hosts.size > 1 ? {} : { host };
}
