// The key of every saga that touches a bot, of whatever kind: one of them at a time (I8).

import type { InstanceId, UserId } from '../domain/ids.ts';

export function botKey(bot: { readonly userId: UserId; readonly instanceId: InstanceId }): string {
  return `bot/${bot.userId}/${bot.instanceId}`;
}
