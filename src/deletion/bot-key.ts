// The key of every saga that touches a bot, of whatever kind: one of them at a time (I8).

import { type InstanceId, parseInstanceId } from '../domain/ids.ts';
import type { BotOfUser } from '../domain/incarnation.ts';

export function botKey(bot: BotOfUser): string {
  return `bot/${bot.userId}/${bot.instanceId}`;
}

/** The bot that a saga's key names; null for a saga of no bot. */
export function botOfKey(key: string): InstanceId | null {
  const [kind, , ...id] = key.split('/');
  return kind === 'bot' ? (parseInstanceId(id.join('/')) ?? null) : null;
}
