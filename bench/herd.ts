// The bots of one measurement, in all three sources: one user each, every second bot in a pool of its
// user's, the others in containers of their own. Every measurement begins with the same amount of data.

import { type Db, type Document, ObjectId } from 'mongodb';
import {
  type FirebaseUid,
  type InstanceId,
  toFirebaseUid,
  toInstanceId,
  toUserId,
  type UserId,
} from '../src/domain/ids.ts';
import type { Services } from '../src/main/compose/services.ts';
import type { BotMapping, Pool, PoolState } from '../src/pool-state/pool-state.ts';
import { sampleMapping, samplePool } from '../test/support/pool-state-samples.ts';
import { createSimulatedWorld } from '../test/support/simulated-world.ts';

export interface HerdBot {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly instanceId: InstanceId;
  readonly isPooled: boolean;
}

const ALLOCATED_AT = new Date('2026-10-02T09:30:00.000Z');
export const INCARNATION = ALLOCATED_AT.toISOString();
export const BOT_NAME = 'Bot 1';
export const BOT_VALUE = 262.5;
const BALANCE = 1_000;
/** Writes under way at once while the world is set up. */
const WIDTH = 200;

/** The users and the state of the pools, not yet the containers. */
export async function seedUsers(
  db: Db,
  writePoolState: (state: PoolState) => Promise<void>,
  size: number,
): Promise<readonly HerdBot[]> {
  const bots = Array.from({ length: size }, (_, index) => herdBot(index));
  const users = bots.map(toUser);
  await db.collection('users').insertMany(users, { ordered: false });
  await writePoolState(toPoolState(bots.filter(({ isPooled }) => isPooled)));
  return bots;
}

export async function seedContainers(db: Db, bots: readonly HerdBot[]): Promise<void> {
  const world = createSimulatedWorld(db);
  await world.seed({ pooled: {}, dedicated: [] });
  for (let first = 0; first < bots.length; first += WIDTH) {
    await Promise.all(
      bots
        .slice(first, first + WIDTH)
        .map(({ instanceId, firebaseUid, isPooled }) =>
          isPooled
            ? world.addPooled({ instanceId, containerName: poolOf(firebaseUid).containerName })
            : world.addDedicated({ instanceId, labels: { instanceId, userId: firebaseUid } }),
        ),
    );
  }
}

/** So many bots more in one user's wallet, not in pools; not yet their containers. */
export async function addBots(db: Db, owner: HerdBot, count: number): Promise<readonly HerdBot[]> {
  const users = db.collection('users');
  const user = await users.findOne({ firebaseUid: owner.firebaseUid });
  const allocation = user?.botAllocations[owner.instanceId];
  const bots = Array.from({ length: count }, (_, n) => ({
    ...owner,
    instanceId: toInstanceId(`${owner.firebaseUid}-bot-${n + 10}`),
    isPooled: false,
  }));
  const added = bots.map(({ instanceId }) => [`botAllocations.${instanceId}`, allocation]);
  if (added.length > 0) {
    await users.updateOne({ firebaseUid: owner.firebaseUid }, { $set: Object.fromEntries(added) });
  }
  return bots;
}

/** Orders the deletion, and does not wait for its end. */
export async function acceptDeletion({ deletions }: Services, bot: HerdBot): Promise<void> {
  const { userId, firebaseUid, instanceId } = bot;
  const signal = AbortSignal.timeout(ACCEPT_WITHIN_MS);
  const order = { userId, firebaseUid, instanceId, requestedBy: firebaseUid, signal };
  const { status } = await deletions.request(order);
  if (status !== 'accepted') throw new Error(`${instanceId}: ${status}`);
}

const ACCEPT_WITHIN_MS = 60_000;

/** @param botsEach how many bots each of the users had.
 * @throws when the money of one of them did not come back exactly once. */
export async function requirePaid(db: Db, users: number, botsEach = 1): Promise<void> {
  const found = await db
    .collection('users')
    .countDocuments({ botAllocations: {}, 'paperWallet.balance': BALANCE + botsEach * BOT_VALUE });
  if (found !== users)
    throw new Error(`of ${users} users whose bots were deleted ${found} are paid`);
}

function herdBot(index: number): HerdBot {
  const firebaseUid = toFirebaseUid(`bench${index}`);
  return {
    userId: toUserId(new ObjectId().toHexString()),
    firebaseUid,
    instanceId: toInstanceId(`${firebaseUid}-bot-1`),
    isPooled: index % 2 === 0,
  };
}

function toUser({ userId, firebaseUid, instanceId }: HerdBot): Document {
  const amount = 250;
  const allocation = {
    allocatedAmount: amount,
    currentValue: BOT_VALUE,
    reservedInTrades: 0,
    availableBalance: BOT_VALUE,
    lifetimePnL: BOT_VALUE - amount,
    allocatedAt: ALLOCATED_AT,
    botName: BOT_NAME,
  };
  const row = {
    type: 'allocate',
    amount: -amount,
    botId: instanceId,
    botName: BOT_NAME,
    description: `Allocated to ${BOT_NAME}`,
    balanceAfter: BALANCE,
    timestamp: ALLOCATED_AT,
  };
  return {
    _id: new ObjectId(userId),
    firebaseUid,
    email: `${firebaseUid}@example.com`,
    role: 'user',
    paperWallet: { balance: BALANCE, currency: 'USD', lastUpdated: ALLOCATED_AT },
    walletTransactions: [row],
    botAllocations: { [instanceId]: allocation },
    createdAt: ALLOCATED_AT,
  };
}

function toPoolState(pooled: readonly HerdBot[]): PoolState {
  const pools: Record<string, Pool> = {};
  const botMapping: Record<string, BotMapping> = {};
  for (const { firebaseUid, instanceId } of pooled) {
    const pool = poolOf(firebaseUid, [instanceId]);
    pools[pool.id] = pool;
    botMapping[instanceId] = sampleMapping(firebaseUid, instanceId, 0);
  }
  return { pools, botMapping, nextPoolId: 2, updatedAt: '2026-11-01T00:00:00.000Z' };
}

function poolOf(firebaseUid: FirebaseUid, bots: readonly string[] = []): Pool {
  return samplePool(firebaseUid, bots);
}
