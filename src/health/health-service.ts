// What an owner is shown of the health of their bots: the last check of each, and what happened to one.

import type { InstanceId, UserId } from '../domain/ids.ts';
import type { Wallets } from '../wallet/wallets.ts';
import type { BotEvent, BotEventPage, BotEvents } from './bot-events.ts';
import type { BotHealths, HealthState, RecordedHealth } from './bot-healths.ts';

export interface HealthService {
  /** By instanceId. A bot that was never checked is missing. */
  ofUser(userId: UserId): Promise<ReadonlyMap<string, BotHealthView>>;
  /** Newest first; null: this user has, and had, no such bot.
   * @throws BadCursorError for a cursor that no page gave out. */
  events(
    userId: UserId,
    instanceId: InstanceId,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<BotEventPage | null>;
}

export interface BotHealthView {
  readonly state: HealthState;
  /** supervisord's status; null where it was not queried. */
  readonly program: string | null;
  /** ISO 8601, database time. */
  readonly since: string;
  readonly observedAt: string;
  /** How old the check is. */
  readonly ageSeconds: number;
  /** Failed checks in a row. */
  readonly failures: number;
  readonly restarts: number;
  readonly lastEvent: { readonly type: string; readonly at: string } | null;
}

export interface HealthServicePorts {
  readonly healths: Pick<BotHealths, 'ofUser'>;
  readonly events: Pick<BotEvents, 'page' | 'newest'>;
  readonly wallets: Pick<Wallets, 'readAllocation'>;
  /** Database time, ms. */
  readonly nowMs: () => number;
}

export function createHealthService({
  healths,
  events,
  wallets,
  nowMs,
}: HealthServicePorts): HealthService {
  return {
    ofUser: async (userId) => {
      const [records, newest] = await Promise.all([healths.ofUser(userId), events.newest(userId)]);
      // Of one id in two slots the newest check is shown.
      const byAge = [...records].sort((a, b) => a.observedAtMs - b.observedAtMs);
      return new Map(
        byAge.map((record) => [
          record.instanceId,
          viewOf(record, newest.get(record.instanceId), nowMs()),
        ]),
      );
    },
    events: async (userId, instanceId, page) => {
      const found = await events.page(userId, instanceId, page);
      if (found.events.length > 0 || page.cursor !== undefined) return found;
      const isAllocated = (await wallets.readAllocation(userId, instanceId)).status === 'present';
      const isKnown = (await healths.ofUser(userId)).some((one) => one.instanceId === instanceId);
      return isAllocated || isKnown ? found : null;
    },
  };
}

function viewOf(
  { memory, program, observedAtMs }: RecordedHealth,
  lastEvent: Pick<BotEvent, 'type' | 'atMs'> | undefined,
  nowMs: number,
): BotHealthView {
  return {
    state: memory.state,
    program,
    since: isoOf(memory.sinceMs),
    observedAt: isoOf(observedAtMs),
    ageSeconds: Math.floor(Math.abs(nowMs - observedAtMs) / 1_000),
    failures: memory.failures,
    restarts: memory.restarts,
    lastEvent: lastEvent === undefined ? null : { type: lastEvent.type, at: isoOf(lastEvent.atMs) },
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
