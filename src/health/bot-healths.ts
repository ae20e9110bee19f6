// What health remembers of bots and pools between two rounds, so that workers are stateless. Every write of a bot's
// memory names the write it was decided from: of two workers that decide on the same observation one write lands, and
// only that worker acts.

import type { ProgramState } from '../domain/bot.ts';
import type { UserId } from '../domain/ids.ts';
import type { BotOfUser } from '../domain/incarnation.ts';

export interface BotHealths {
  /** Those of these bots that are remembered, by their key. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, RecordedHealth>>;

  /** @returns the keys of those whose write landed. One that did not was decided from what is not there any more. */
  save(writes: readonly HealthWrite[]): Promise<ReadonlySet<string>>;

  /** They were observed as they are remembered. */
  touch(keys: readonly string[], atMs: number): Promise<void>;

  /** Forgets every bot and pool that is not among these. */
  keepOnly(bots: readonly string[], pools: readonly string[]): Promise<void>;

  /** A restart that was ordered as this attempt was never tried, and counts no more; its cooldown stands. Repeatable. */
  giveBack(bot: BotOfUser, attempt: number): Promise<void>;

  readPools(): Promise<ReadonlyMap<string, PoolHealth>>;
  savePools(pools: readonly PoolHealth[]): Promise<void>;

  ofUser(userId: UserId): Promise<readonly RecordedHealth[]>;

  /** How many bots are in which state, and pools with which status; for graphs. */
  summary(): Promise<HealthSummary>;
}

/** healthy: observed RUNNING. changing: STARTING or STOPPING. stopped: a person or the platform stopped it. failing:
 * not running, fewer checks in a row than make it failed. given-up: failed, and its restarts are used up. pool-down:
 * its pool's container does not run, which is not the bot's failure. */
export const HEALTH_STATES = [
  'healthy',
  'changing',
  'stopped',
  'failing',
  'failed',
  'given-up',
  'pool-down',
] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export interface BotMemory {
  readonly state: HealthState;
  /** Database time, ms, like every moment here. */
  readonly sinceMs: number;
  /** Failed checks in a row; a check without an answer neither counts nor ends the row. */
  readonly failures: number;
  /** Restarts that were ordered and not forgiven yet. */
  readonly restarts: number;
  readonly lastRestartMs: number | null;
  /** The restarts were used up, and its owner was informed; until they are forgiven. */
  readonly hasGivenUp: boolean;
  /** Since when every answered check found it healthy. */
  readonly healthySinceMs: number | null;
}

export interface RecordedHealth {
  /** `botHealthKey`. */
  readonly key: string;
  readonly instanceId: string;
  /** Null: its owner is unknown. */
  readonly userId: UserId | null;
  readonly poolKey: string | null;
  /** Which incarnation of the bot: the mapping's `createdAt`, '' where there is no mapping. */
  readonly incarnationId: string;
  readonly memory: BotMemory;
  /** supervisord's status at the last check; null for a bot that was not queried there. */
  readonly program: ProgramState | 'absent' | null;
  readonly observedAtMs: number;
  /** Of the write that made it. No count: a memory that was forgotten and made anew would begin it again. */
  readonly writeId: string;
}

export interface HealthWrite extends Omit<RecordedHealth, 'writeId'> {
  /** The write it was decided from; null: it was not there. */
  readonly base: string | null;
}

export interface PoolHealth {
  readonly key: string;
  readonly containerName: string;
  readonly status: 'running' | 'stopped' | 'failed';
  readonly containerId: string | null;
  readonly bots: number;
  readonly observedAtMs: number;
}

export interface HealthSummary {
  readonly bots: ReadonlyMap<HealthState, number>;
  readonly pools: ReadonlyMap<PoolHealth['status'], number>;
  readonly emptyPools: number;
}

/** One bot in one slot: the same id in another pool is judged afresh. */
export function botHealthKey(poolKey: string | null, instanceId: string): string {
  return `${poolKey ?? ''}/${instanceId}`;
}
