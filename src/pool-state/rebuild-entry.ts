// Puts a bot that the pool state has lost back into it, from what Docker shows: its pool, its owner, its program, and the
// port that its own files name. What Docker does not show is not invented: a pool that the state does not know is not
// made, a port that could not be read is not guessed, and the host is the one that the platform gave its neighbours.

import type { ObservedPooled } from '../domain/bot.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import { ownsPool } from './owned-entry.ts';
import { hostOfPool, portHolder, withBot } from './pool-slots.ts';
import { findEntry, findPools, type Pool, type PoolState } from './pool-state.ts';
import { hiddenBy } from './unreadable-rows.ts';

export interface LostBot {
  readonly instanceId: InstanceId;
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly observedBot: ObservedPooled;
  /** Where its API listens, by its own files. */
  readonly port: number;
  /** ISO 8601: the moment of the rebuilding, which no source knows better. */
  readonly at: string;
}

/** Why the state cannot take the bot without contradicting itself. */
export interface Obstacle {
  /** The state does not know its pool as this user's; another bot has its port; others have all its pool's slots. */
  readonly reason: 'pool-unknown' | 'port-taken' | 'pool-full';
  readonly detail: string;
}

export type Rebuilding =
  /** The same object where the bot has an entry again. */
  | { readonly status: 'rebuilt'; readonly state: PoolState }
  | { readonly status: 'refused'; readonly obstacle: Obstacle };

export function rebuildEntry(state: PoolState, bot: LostBot): Rebuilding {
  const { instanceId, firebaseUid, observedBot, port, at } = bot;
  if (findEntry(state, instanceId) !== null || hiddenBy(state, instanceId) !== null) {
    return { status: 'rebuilt', state };
  }
  const pool = poolOf(state, bot);
  if (pool === undefined) {
    return refused('pool-unknown', `${observedBot.containerName} is no pool of this user's`);
  }
  const holder = portHolder(state, { poolId: pool.id, port, instanceId });
  if (holder !== null) return refused('port-taken', `port ${port} of ${pool.id} is ${holder}'s`);
  // A bot that only the list names has a port too, which is unknown.
  if (pool.bots.length >= pool.capacity) {
    return refused('pool-full', `${pool.id} lists ${pool.bots.length} other bots`);
  }
  const mapping = {
    poolId: pool.id,
    containerName: pool.containerName,
    ...hostOfPool(state, pool.id),
    // The platform's own meaning of slotIndex: the number of bots at that moment, not an identity.
    slotIndex: pool.bots.length,
    port,
    status: STATUSES[observedBot.program],
    instanceId,
    userId: firebaseUid,
    createdAt: at,
    dockerHost: observedBot.host,
  };
  return { status: 'rebuilt', state: withBot(state, pool, mapping) };
}

/** `stopped` is the word of people and of the platform, which health never changes: a bot that has failed, and is started
 * again, must not keep it. */
const STATUSES: Readonly<Record<ObservedPooled['program'], 'running' | 'failed' | 'stopped'>> = {
  RUNNING: 'running',
  STARTING: 'running',
  BACKOFF: 'failed',
  EXITED: 'failed',
  FATAL: 'failed',
  STOPPED: 'stopped',
  STOPPING: 'stopped',
  absent: 'stopped',
};

function refused(reason: Obstacle['reason'], detail: string): Rebuilding {
  return { status: 'refused', obstacle: { reason, detail } };
}

function poolOf(state: PoolState, { observedBot, userId, firebaseUid }: LostBot): Pool | undefined {
  const { containerName, labels } = observedBot;
  const [pool, ...others] = findPools(state, containerName, labels.poolId);
  if (pool === undefined || others.length > 0 || state.pools[pool.id] !== pool) return undefined;
  return ownsPool({ userId, firebaseUid }, pool.id, pool) ? pool : undefined;
}
