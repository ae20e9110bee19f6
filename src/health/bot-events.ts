// What happened to a bot, one line each, for its owner. Kept for a while, then forgotten; never decided from.

import type { UserId } from '../domain/ids.ts';

export interface BotEvents {
  /** An event that is there already, by its id, stays as it is. */
  add(events: readonly BotEvent[]): Promise<void>;

  /** The newest of each of this user's bots, by instanceId. */
  newest(userId: UserId): Promise<ReadonlyMap<string, Pick<BotEvent, 'type' | 'atMs'>>>;

  /** Newest first. @throws BadCursorError for a cursor that no page gave out. */
  page(
    userId: UserId,
    instanceId: string,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<BotEventPage>;
}

export interface BotEvent {
  readonly id: string;
  readonly userId: UserId;
  readonly instanceId: string;
  readonly type: BotEventType;
  /** For people. */
  readonly detail: string | null;
  /** The saga that did it; null for what was only observed. */
  readonly jobId: string | null;
  /** Database time, ms. */
  readonly atMs: number;
}

export const BOT_EVENT_TYPES = [
  'failing',
  'failed',
  'healthy',
  'stopped',
  'pool-down',
  'gave-up',
  'marked-running',
  'marked-failed',
  'restart-ordered',
  'restarted',
  'restart-failed',
  'restart-refused',
] as const;
export type BotEventType = (typeof BOT_EVENT_TYPES)[number];

export interface BotEventPage {
  readonly events: readonly BotEvent[];
  readonly nextCursor: string | null;
}
