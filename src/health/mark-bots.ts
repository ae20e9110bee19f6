// Writes the round's statuses of bots and pools into the pool state. In batches: the fence checks each bot while it
// holds the lock.

import type { BotsCall } from '../bots/bots.ts';
import type { PoolStatusChange } from '../pool-state/pool-statuses.ts';
import type { BotEvent } from './bot-events.ts';
import type { HealthPorts } from './health-ports.ts';
import type { Persisted } from './remember-bots.ts';
import { type StatusOrder, writeStatuses } from './write-statuses.ts';

const MAX_TOGETHER = 100;

export async function markBots(
  ports: HealthPorts,
  persisted: readonly Persisted[],
  pools: readonly PoolStatusChange[],
  call: BotsCall,
): Promise<void> {
  const bots = persisted.flatMap(({ bot, entry, verdict }): [StatusOrder['bots'][number]] | [] => {
    const { markAs: to } = verdict;
    if (to === null || bot === null || entry.mapping === null) return [];
    return [{ instanceId: bot.instanceId, observed: entry.mapping, to, bot }];
  });
  for (let from = 0; from === 0 || from < bots.length; from += MAX_TOGETHER) {
    const part = bots.slice(from, from + MAX_TOGETHER);
    const order = { bots: part, pools: from === 0 ? pools : [] };
    const written = await writeStatuses(ports, order, call);
    for (const { to } of written) ports.meter.statusWritten(to);
    await ports.events.add(written.map((one) => eventOf(one, ports.nowMs())));
  }
}

function eventOf({ bot, observed, to }: StatusOrder['bots'][number], atMs: number): BotEvent {
  const { userId, instanceId } = bot;
  return {
    id: `${userId}/${instanceId}/${atMs}/marked-${to}`,
    ...{ userId, instanceId, atMs, jobId: null },
    type: `marked-${to}`,
    detail: `the pool state held ${observed.status}`,
  };
}
