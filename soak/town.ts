// The users of a run and their first bots, in all three sources: every second user has a pool, the others' bots live
// in containers of their own. Balances carry old sub-cent decimals, as real ones do.

import { writeFile } from 'node:fs/promises';
import { type Db, type Document, ObjectId } from 'mongodb';
import type { BotMapping, Pool, PoolState } from '../src/pool-state/pool-state.ts';
import { createSimulatedWorld } from '../test/support/simulated-world.ts';

export interface Townsman {
  readonly uid: string;
  readonly userId: string;
  /** As decimal text. */
  readonly opening: string;
  /** The name of their pool's container; null: they have no pool. */
  readonly pool: string | null;
  readonly firstBots: readonly string[];
}

/** What each of the first bots got, in dollars. */
export const FIRST_AMOUNT = 100;
const FIRST_BOTS = 8;
const POOL_CAPACITY = 16;
const SINCE = new Date('2026-10-02T09:30:00.000Z');

export async function foundTown(
  db: Db,
  poolStateFile: string,
  size: number,
): Promise<readonly Townsman[]> {
  const town = Array.from({ length: size }, (_, index) => townsman(index));
  await db.collection('users').insertMany(town.map(toUser));
  const pooled = town.filter(({ pool }) => pool !== null);
  await writeFile(poolStateFile, JSON.stringify(toPoolState(pooled), null, 2));
  const world = createSimulatedWorld(db);
  await world.seed({ pooled: {}, dedicated: [] });
  await Promise.all(
    town.flatMap(({ uid, pool: containerName, firstBots }) =>
      firstBots.map((instanceId) =>
        containerName === null
          ? world.addDedicated({ instanceId, labels: { instanceId, userId: uid } })
          : world.addPooled({ instanceId, containerName }),
      ),
    ),
  );
  return town;
}

function townsman(index: number): Townsman {
  const uid = `soak${index}`;
  return {
    uid,
    userId: new ObjectId().toHexString(),
    opening: `${5_000 + index}.${String(index).padStart(4, '0')}`,
    pool: index % 2 === 0 ? `freqtrade-pool-${uid}-pool-1` : null,
    firstBots: Array.from({ length: FIRST_BOTS }, (_, n) => `${uid}-bot-${n + 1}`),
  };
}

function toUser({ uid, userId, opening, firstBots }: Townsman): Document {
  const allocation = (n: number) => ({
    allocatedAmount: FIRST_AMOUNT,
    currentValue: FIRST_AMOUNT,
    reservedInTrades: 0,
    availableBalance: FIRST_AMOUNT,
    lifetimePnL: 0,
    allocatedAt: SINCE,
    botName: `First ${n}`,
  });
  return {
    _id: new ObjectId(userId),
    firebaseUid: uid,
    role: 'user',
    paperWallet: { balance: Number(opening), currency: 'USD', lastUpdated: SINCE },
    walletTransactions: [],
    botAllocations: Object.fromEntries(firstBots.map((id, n) => [id, allocation(n)])),
    createdAt: SINCE,
  };
}

function toPoolState(town: readonly Townsman[]): PoolState {
  const pools: Record<string, Pool> = {};
  const botMapping: Record<string, BotMapping> = {};
  for (const { uid, pool, firstBots } of town) {
    const id = `${uid}-pool-1`;
    const containerName = String(pool);
    const common = {
      containerName,
      createdAt: SINCE.toISOString(),
      status: 'running',
      userId: uid,
    };
    const place = { basePort: 9_000, capacity: POOL_CAPACITY, poolDir: `pools/${id}` };
    pools[id] = { ...common, ...place, id, bots: firstBots };
    firstBots.forEach((instanceId, slotIndex) => {
      const slot = { poolId: id, host: containerName, slotIndex, port: 9_000 + slotIndex };
      botMapping[instanceId] = { ...common, ...slot, instanceId };
    });
  }
  return { pools, botMapping, nextPoolId: town.length + 1, updatedAt: SINCE.toISOString() };
}
