// Everything on one host that may be the bot, and one thing again. What cannot be established throws; the
// caller makes it `unknown` (I4).

import { InDoubtError } from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { BotQuery, ObservedBot } from '../../domain/bot.ts';
import type { BotsCall } from '../bots.ts';
import type { DockerServices } from './docker-services.ts';
import { findCandidates } from './find-candidates.ts';
import { readPooled, toDedicated } from './read-observed.ts';
import { resolvePool } from './resolve-pool.ts';

export async function locateOnHost(
  host: DockerServices,
  query: BotQuery,
  call: BotsCall,
): Promise<readonly ObservedBot[]> {
  const { dedicatedIds, poolIds, renamed, byLabelAlone } = await findCandidates(host, query, call);
  const found = await Promise.all([
    ...dedicatedIds.map(async (id) => {
      const observed = await observeDedicated(host, id, call);
      return observed !== null && byLabelAlone.has(id)
        ? { ...observed, byLabelAlone: true as const }
        : observed;
    }),
    ...poolIds.map(async (id) => {
      const pool = await host.containers.inspect(id, call);
      return pool === null ? null : readPooled(host, pool, query.instanceId, call);
    }),
  ]);
  const observedBots = found.filter((observedBot) => observedBot !== null);
  if (observedBots.length > 0 || renamed.length === 0) return observedBots;
  throw new InDoubtError('CONTAINER_RENAMED', renamedReason(renamed));
}

export function renamedReason(names: readonly string[]): string {
  return `${names.join(', ')} may be it under another name`;
}

/** Null: positively gone. */
export async function observeOnHost(
  host: DockerServices,
  instanceId: string,
  observed: ObservedBot,
  call: BotsCall,
): Promise<ObservedBot | null> {
  switch (observed.kind) {
    case 'dedicated':
      return observeDedicated(host, observed.containerId, call);
    case 'pooled': {
      const pool = await resolvePool(host, observed, call);
      return pool === null ? null : readPooled(host, pool, instanceId, call, observed);
    }
    default:
      return assertNever(observed);
  }
}

async function observeDedicated(host: DockerServices, id: string, call: BotsCall) {
  const view = await host.containers.inspect(id, call);
  return view === null ? null : toDedicated(host.name, view);
}
