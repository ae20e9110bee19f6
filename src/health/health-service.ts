// What an owner is shown of the health of their bots: the last check of each, and what happened to one.

import { type Static, Type } from 'typebox';
import type { InstanceId, UserId } from '../domain/ids.ts';
import type { Wallets } from '../wallet/wallets.ts';
import type { BotEvent, BotEventPage, BotEvents } from './bot-events.ts';
import { type BotHealths, HEALTH_STATES, type RecordedHealth } from './bot-healths.ts';

export type BotHealthView = Static<typeof BOT_HEALTH>;
/** Moments are ISO 8601, database time. */
export const BOT_HEALTH = Type.Object({
  state: Type.Enum([...HEALTH_STATES], {
    description:
      '`failing`: not running, at fewer checks in a row than make it failed. `given-up`: failed, and its restarts ' +
      'are used up. `pool-down`: its pool does not run.',
  }),
  program: Type.Union([Type.String(), Type.Null()], { description: "supervisord's word." }),
  since: Type.String(),
  observedAt: Type.String({ description: 'Of the last check that was answered.' }),
  ageSeconds: Type.Integer({ description: 'How old that check is.' }),
  failures: Type.Integer({ description: 'Failed checks in a row.' }),
  restarts: Type.Integer({ description: 'Restarts that are not forgiven yet.' }),
  lastEvent: Type.Union([Type.Object({ type: Type.String(), at: Type.String() }), Type.Null()]),
});

export interface HealthServicePorts {
  readonly healths: Pick<BotHealths, 'ofUser'>;
  readonly events: Pick<BotEvents, 'page' | 'newest'>;
  readonly wallets: Pick<Wallets, 'readAllocation'>;
  /** Database time, ms. */
  readonly nowMs: () => number;
}

export type HealthService = ReturnType<typeof createHealthService>;

export function createHealthService({ healths, events, wallets, nowMs }: HealthServicePorts) {
  return {
    /** By instanceId. A bot that was never checked is missing. */
    ofUser: async (userId: UserId): Promise<ReadonlyMap<string, BotHealthView>> => {
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
    /** Newest first; null: this user has, and had, no such bot.
     * @throws BadCursorError for a cursor that no page gave out. */
    events: async (
      userId: UserId,
      instanceId: InstanceId,
      page: { readonly limit: number; readonly cursor?: string },
    ): Promise<BotEventPage | null> => {
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
