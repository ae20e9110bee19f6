// The bots that a pool's container holds, beside those that the pool state names. The platform's next write may lose a
// row, and the bot of a lost row still has its port: a new bot on that port would take it from a bot with money.

import type { Bots, BotsCall, ListedPooled } from '../bots/bots.ts';
import type { HeldSlot, RunningPool } from '../pool-state/pool-slots.ts';
import { isPlacedIn } from '../pool-state/pool-slots.ts';
import type { PoolState } from '../pool-state/pool-state.ts';

export interface Occupant {
  readonly instanceId: string;
  /** Null: a row or a tombstone named its slot when it was observed, and its own files were not read. */
  readonly port: number | null;
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
  const occupants: Occupant[] = [];
  const doubts: string[] = [];
  for (const { instanceId, observedBot } of listed) {
    if (isPlacedIn(state, held, pool.poolId, instanceId)) {
      occupants.push({ instanceId, port: null });
      continue;
    }
    const answer = await bots.readPort(instanceId, observedBot, call);
    const reading = answer.status === 'ok' ? answer.items : answer;
    // It listens nowhere, and can never be given a row again.
    if (reading.status === 'none') continue;
    if (reading.status !== 'read') {
      return {
        pools: [],
        doubts: [`${pool.containerName} holds ${instanceId}: ${reading.reason}`],
      };
    }
    doubts.push(`${pool.containerName} holds ${instanceId}, which has no row`);
    occupants.push({ instanceId, port: reading.port });
  }
  return { pools: [{ ...pool, occupants }], doubts };
}

/** The slots that bots without a row have all the same. Their number in the list is unknown, and not asked for. */
export function occupiedSlots(pools: readonly OccupiedPool[]): readonly HeldSlot[] {
  return pools.flatMap(({ poolId, containerName, occupants }) =>
    occupants.flatMap(({ instanceId, port }) =>
      port === null ? [] : [{ instanceId, slot: { poolId, containerName, slotIndex: 0, port } }],
    ),
  );
}

/** The pools of which every occupant still has a known slot: a row may have been lost since the observation. */
export function accountedFor(
  pools: readonly OccupiedPool[],
  { state, held }: NamedSlots,
): readonly OccupiedPool[] {
  return pools.filter(({ poolId, occupants }) =>
    occupants.every(
      ({ instanceId, port }) => port !== null || isPlacedIn(state, held, poolId, instanceId),
    ),
  );
}
