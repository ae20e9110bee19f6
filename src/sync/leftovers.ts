// What is left when every allocation has been judged: entries of the pool state, and bots in Docker, that no
// wallet pays for. A stale entry goes when its user is observed again; a ghost is reported, and its user is looked
// at again only where a tombstone names it.

import { parseInstanceId } from '../domain/ids.ts';
import { poolClaims } from '../pool-state/owned-entry.ts';
import { findEntry, listedBots, ownValue, type PoolState } from '../pool-state/pool-state.ts';
import { judgeBot, type SourcesView } from './detect-drift.ts';
import type { DockerView } from './docker-view.ts';
import type { RunDrift } from './mongodb/run-drifts.ts';
import type { SyncAllPorts } from './sync-ports.ts';

export interface Leftovers {
  readonly containers: number;
  readonly ghosts: number;
  readonly staleEntries: number;
  readonly ghostSample: readonly string[];
  /** Stale entries of users that exist. */
  readonly drifts: readonly RunDrift[];
}

/** Of one run: the rest come with the next. */
const MAX_STALE = 1_000;
const MAX_SAMPLE = 50;

export async function findLeftovers(
  ports: Pick<SyncAllPorts, 'holdings'>,
  sources: SourcesView,
  allocatedEntries: ReadonlySet<string>,
): Promise<Leftovers> {
  const { docker, pools } = sources;
  const observed = countGhosts(docker);
  const state = pools.status === 'ok' ? pools.items : null;
  const stale = state === null ? [] : staleEntries(state, docker, allocatedEntries);
  const drifts = await ownedDrifts(ports, sources, stale.slice(0, MAX_STALE));
  return { ...observed, staleEntries: stale.length, drifts };
}

function countGhosts(docker: DockerView) {
  let containers = 0;
  let ghosts = 0;
  const ghostSample: string[] = [];
  for (const [, found] of docker.all()) containers += found.length;
  for (const [instanceId, found] of docker.unclaimed()) {
    ghosts += 1;
    const [bot] = found;
    if (ghostSample.length < MAX_SAMPLE && bot !== undefined) {
      ghostSample.push(`${instanceId} in ${bot.containerName} on ${bot.host}`);
    }
  }
  return { containers, ghosts, ghostSample };
}

interface StaleEntry {
  readonly instanceId: string;
  /** A user's `_id` or firebaseUid; null: nothing names one. */
  readonly owner: string | null;
}

function staleEntries(
  state: PoolState,
  docker: DockerView,
  allocatedEntries: ReadonlySet<string>,
): readonly StaleEntry[] {
  return listedBots(state).flatMap((instanceId) => {
    if (allocatedEntries.has(instanceId) || docker.find(instanceId).length > 0) return [];
    return [{ instanceId, owner: ownerOf(state, instanceId) }];
  });
}

function ownerOf(state: PoolState, instanceId: string): string | null {
  const entry = findEntry(state, instanceId);
  if (entry?.mapping) return entry.mapping.userId;
  const poolId = entry?.memberships[0]?.poolId;
  const pool = poolId === undefined ? undefined : ownValue(state.pools, poolId);
  if (poolId === undefined || pool === undefined) return null;
  return poolClaims(poolId, pool)[0] ?? null;
}

// An entry whose owner is not known is repaired in no user's name: it is counted.
async function ownedDrifts(
  { holdings }: Pick<SyncAllPorts, 'holdings'>,
  sources: SourcesView,
  stale: readonly StaleEntry[],
): Promise<readonly RunDrift[]> {
  const names = stale.flatMap(({ owner }) => owner ?? []);
  const users = await holdings.usersOf([...new Set(names)]);
  return stale.flatMap(({ instanceId: id, owner: name }) => {
    const owner = name === null ? undefined : users.get(name);
    const instanceId = parseInstanceId(id);
    if (owner === undefined || instanceId === undefined) return [];
    const { verdict, presence } = judgeBot(sources, owner, instanceId, false);
    if (verdict !== 'stale-entry') return [];
    const { poolState, docker } = presence;
    return [{ ...owner, instanceId, verdict, poolState, docker, valueMinor: null }];
  });
}
