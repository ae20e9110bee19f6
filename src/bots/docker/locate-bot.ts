// Everything on one host that may be the bot, and one thing again. What cannot be established throws; the
// caller makes it `unknown` (I4).

import { InDoubtError } from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { BotQuery, Sighting } from '../../domain/bot.ts';
import type { BotsCall } from '../bots.ts';
import type { DockerParts } from './docker-parts.ts';
import { findCandidates } from './find-candidates.ts';
import { readPooled, toDedicated } from './read-sightings.ts';
import { resolvePool } from './resolve-pool.ts';

export async function locateOnHost(
  host: DockerParts,
  query: BotQuery,
  call: BotsCall,
): Promise<readonly Sighting[]> {
  const { dedicatedIds, poolIds, renamed, byLabelAlone } = await findCandidates(host, query, call);
  const found = await Promise.all([
    ...dedicatedIds.map(async (id) => {
      const seen = await lookAtDedicated(host, id, call);
      return seen !== null && byLabelAlone.has(id)
        ? { ...seen, byLabelAlone: true as const }
        : seen;
    }),
    ...poolIds.map(async (id) => {
      const pool = await host.containers.inspect(id, call);
      return pool === null ? null : readPooled(host, pool, query.instanceId, call);
    }),
  ]);
  const sightings = found.filter((sighting) => sighting !== null);
  if (sightings.length > 0 || renamed.length === 0) return sightings;
  throw new InDoubtError('CONTAINER_RENAMED', renamedReason(renamed));
}

export function renamedReason(names: readonly string[]): string {
  return `${names.join(', ')} may be it under another name`;
}

/** Null: positively gone. */
export async function lookOnHost(
  host: DockerParts,
  instanceId: string,
  seen: Sighting,
  call: BotsCall,
): Promise<Sighting | null> {
  switch (seen.kind) {
    case 'dedicated':
      return lookAtDedicated(host, seen.containerId, call);
    case 'pooled': {
      const pool = await resolvePool(host, seen, call);
      return pool === null ? null : readPooled(host, pool, instanceId, call, seen);
    }
    default:
      return assertNever(seen);
  }
}

async function lookAtDedicated(host: DockerParts, id: string, call: BotsCall) {
  const view = await host.containers.inspect(id, call);
  return view === null ? null : toDedicated(host.name, view);
}
