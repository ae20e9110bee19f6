// The bots that a pool's container holds, beside those that the pool state names. The platform's next write may lose a
// row, and the bot of a lost row still has its port: a new bot on that port would take it from a bot with money.

import type { Bots, BotsCall, ListedPooled, PortReading } from '../bots/bots.ts';
import type { SourceAnswer } from '../domain/source.ts';
import { type HeldSlot, isPlacedIn, type RunningPool } from '../pool-state/pool-slots.ts';
import type { PoolState } from '../pool-state/pool-state.ts';

export interface Occupant {
  readonly instanceId: string;
  /** All that it may have, by its own files. Null: a row or a tombstone named its slot when it was observed. */
  readonly ports: readonly number[] | null;
}

export interface OccupiedPool extends RunningPool {
  readonly occupants: readonly Occupant[];
}

export interface OccupiedPools {
  readonly pools: readonly OccupiedPool[];
  /** Why there may be more room in a moment: a pool that cannot be asked now, or a bot without a row, which may be on its way out. */
  readonly doubts: readonly string[];
}

/** What a state says of slots, and the tombstones beside it. */
export interface NamedSlots {
  readonly state: PoolState;
  readonly held: readonly HeldSlot[];
}

/** @param readSlots is asked after the containers: a bot has its row before it has a program.
 * @param except the new bot: what a try before has left is its own. */
export async function observeOccupants(
  bots: Bots,
  pools: readonly RunningPool[],
  { readSlots, except }: { readonly readSlots: () => Promise<NamedSlots>; readonly except: string },
  call: BotsCall,
): Promise<OccupiedPools> {
  const answers = await Promise.all(
    pools.map(async (pool) => ({ pool, answer: await bots.listPool(pool, call) })),
  );
  const named = await readSlots();
  const observed = await Promise.all(
    answers.map(async ({ pool, answer }): Promise<OccupiedPools> => {
      if (answer.status === 'unknown') return { pools: [], doubts: [answer.reason] };
      const others = answer.items.filter(({ instanceId }) => instanceId !== except);
      return readOccupants(bots, pool, others, named, call);
    }),
  );
  return {
    pools: observed.flatMap((one) => one.pools),
    doubts: observed.flatMap(({ doubts }) => doubts),
  };
}

async function readOccupants(
  bots: Bots,
  pool: RunningPool,
  listed: readonly ListedPooled[],
  { state, held }: NamedSlots,
  call: BotsCall,
): Promise<OccupiedPools> {
  const doubts: string[] = [];
  const occupants = await Promise.all(
    listed.map(async ({ instanceId, observedBot }): Promise<Occupant | null> => {
      if (isPlacedIn(state, held, pool.poolId, instanceId)) return { instanceId, ports: null };
      const { ports, reason } = judgePorts(await bots.readPort(instanceId, observedBot, call));
      doubts.push(`${pool.containerName} holds ${instanceId}: ${reason}`);
      return ports === null ? null : { instanceId, ports };
    }),
  );
  const known = occupants.filter((one) => one !== null);
  return { pools: known.length < occupants.length ? [] : [{ ...pool, occupants: known }], doubts };
}

/** Null: it may have any port, for this reason. */
function judgePorts(answer: SourceAnswer<PortReading>): {
  ports: readonly number[] | null;
  reason: string;
} {
  if (answer.status === 'unknown') return { ports: null, reason: answer.reason };
  const reading = answer.items;
  if (reading.status === 'read') return { ports: [reading.port], reason: NO_ROW };
  return { ports: reading.ports, reason: reading.ports === null ? reading.reason : NO_ROW };
}

/** The slots that bots without a row have all the same. Their number in the list is unknown, and not asked for. */
export function occupiedSlots(pools: readonly OccupiedPool[]): readonly HeldSlot[] {
  return pools.flatMap(({ poolId, containerName, occupants }) =>
    occupants.flatMap(({ instanceId, ports }) =>
      (ports?.length === 0 ? [NO_PORT] : (ports ?? [])).map((port) => ({
        instanceId,
        slot: { poolId, containerName, slotIndex: 0, port },
      })),
    ),
  );
}

const NO_ROW = 'it has no row';

/** Of a bot that listens nowhere: it takes room in its pool, and no port. */
const NO_PORT = 0;

/** The pools of which every occupant still has a known slot: a row may have been lost since the observation. */
export function accountedFor(
  pools: readonly OccupiedPool[],
  { state, held }: NamedSlots,
): readonly OccupiedPool[] {
  return pools.filter(({ poolId, occupants }) =>
    occupants.every(
      ({ instanceId, ports }) => ports !== null || isPlacedIn(state, held, poolId, instanceId),
    ),
  );
}
