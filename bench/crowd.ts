// A platform's worth of users for the runs over all of them: three bots each, every hundredth bot an orphan, a hundred
// Docker hosts with a container for each of the others, and a pool state for as many as one file reasonably holds.

import { type Db, ObjectId } from 'mongodb';
import type { Bots, HostListing, ListedBot } from '../src/bots/bots.ts';
import { ok } from '../src/domain/source.ts';
import type { PoolState } from '../src/pool-state/pool-state.ts';

export const BOTS_EACH = 3;
const ORPHAN_EVERY = 100;
const HOSTS = 100;
/** Bots that live in pools, and stand in the pool state: the file is rewritten whole at each change, so that a
 * platform of a hundred thousand users keeps most of its bots in containers of their own. */
const POOLED_USERS = 1_500;
const BATCH = 5_000;

export async function seedCrowd(db: Db, users: number): Promise<void> {
  const collection = db.collection('users');
  for (let first = 0; first < users; first += BATCH) {
    const size = Math.min(BATCH, users - first);
    await collection.insertMany(Array.from({ length: size }, (_, index) => user(first + index)));
  }
}

export const uidOf = (user: number): string => `uid-${user}`;
const botOf = (user: number, n: number): string => `${uidOf(user)}-bot-${n}`;
const isOrphan = (user: number, n: number): boolean => (user * BOTS_EACH + n) % ORPHAN_EVERY === 0;

function user(index: number) {
  const bots = Array.from({ length: BOTS_EACH }, (_, n) => [botOf(index, n), allocation(n)]);
  return {
    _id: new ObjectId(index.toString(16).padStart(24, '0')),
    firebaseUid: uidOf(index),
    role: 'user',
    paperWallet: { balance: 1_000.5, currency: 'USD', lastUpdated: AT },
    walletTransactions: [],
    botAllocations: Object.fromEntries(bots),
  };
}

const AT = new Date('2026-10-02T09:30:00Z');

function allocation(n: number) {
  const currentValue = 100.25 + n;
  return {
    ...{ allocatedAmount: 100, currentValue, reservedInTrades: 0, availableBalance: currentValue },
    ...{ lifetimePnL: 0, allocatedAt: AT, botName: `Bot ${n}` },
  };
}

/** The pool state of the pooled users' bots, orphans left out. */
export function crowdPoolState(users: number): PoolState {
  const pools: Record<string, PoolState['pools'][string]> = {};
  const botMapping: Record<string, PoolState['botMapping'][string]> = {};
  for (let index = 0; index < Math.min(users, POOLED_USERS); index += 1) {
    const uid = uidOf(index);
    const id = `${uid}-pool-1`;
    const bots = liveBots(index);
    const containerName = `freqtrade-pool-${id}`;
    const common = { containerName, createdAt: AT.toISOString(), status: 'running', userId: uid };
    pools[id] = { ...common, id, basePort: 9_000, capacity: 3, bots, poolDir: `pools/${id}` };
    bots.forEach((instanceId, slotIndex) => {
      const place = { poolId: id, host: containerName, slotIndex, port: 9_000 + slotIndex };
      botMapping[instanceId] = { ...common, ...place, instanceId };
    });
  }
  return { pools, botMapping, nextPoolId: POOLED_USERS, updatedAt: AT.toISOString() };
}

function liveBots(index: number): string[] {
  return Array.from({ length: BOTS_EACH }, (_, n) => n)
    .filter((n) => !isOrphan(index, n))
    .map((n) => botOf(index, n));
}

/** Docker as these users' bots have it; it answers at once, because what is measured is what is done with the
 * answers. */
export function crowdBots(users: number): Pick<Bots, 'hosts' | 'list' | 'hasManaged'> {
  const hosts = Array.from({ length: HOSTS }, (_, n) => `host-${n}`);
  return {
    hosts: () => hosts,
    hasManaged: async () => ok(true, new Date()),
    list: async (host, owner) => listing(host, hosts.indexOf(host), users, owner),
  };
}

function listing(host: string, at: number, users: number, owner: string | null): HostListing {
  const items: ListedBot[] = [];
  // One owner's bots are found at once: a naive loop is to be slow for its own reasons, not for this one's.
  const only = owner === null ? null : Number(owner.slice('uid-'.length));
  for (let index = only ?? at; index < users; index += HOSTS) {
    if (only !== null && (index !== only || only % HOSTS !== at)) break;
    for (const instanceId of liveBots(index)) items.push(listed(host, index, instanceId));
  }
  return { host, answer: ok(items, new Date()), unknownPools: [] };
}

function listed(host: string, index: number, instanceId: string): ListedBot {
  const userId = uidOf(index);
  const containerId = instanceId;
  if (index < POOLED_USERS) {
    const containerName = `freqtrade-pool-${userId}-pool-1`;
    const pool = { host, containerId, containerName, labels: {}, poolRunning: true } as const;
    const programs = [{ name: `bot-${instanceId}`, state: 'RUNNING' }] as const;
    const state = { conf: 'present', program: 'RUNNING', programs } as const;
    const observedBot = { ...pool, kind: 'pooled', ...state } as const;
    return { instanceId, observedBot };
  }
  const containerName = `freqtrade-${instanceId}`;
  const labels = { instanceId, userId };
  const state = { running: true, paused: false, restartPolicy: 'unless-stopped' };
  return {
    instanceId,
    observedBot: { kind: 'dedicated', host, containerId, containerName, labels, ...state },
  };
}
