// What is left when every allocation has been judged: entries of the pool state, and bots in Docker, that no
// wallet pays for. A stale entry goes when its user is observed again; a ghost is reported, and its user is looked
// at again only where a tombstone names it.

import { parseFirebaseUid, parseInstanceId } from '../domain/ids.ts';
import { findEntry, listedBots, type PoolState } from '../pool-state/pool-state.ts';
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
  readonly owner: string;
}

function staleEntries(
  state: PoolState,
  docker: DockerView,
  allocatedEntries: ReadonlySet<string>,
): readonly StaleEntry[] {
  return listedBots(state).flatMap((instanceId) => {
    if (allocatedEntries.has(instanceId) || docker.find(instanceId).length > 0) return [];
    const entry = findEntry(state, instanceId);
    const poolId = entry?.memberships[0]?.poolId;
    const owner = entry?.mapping?.userId ?? (poolId && state.pools[poolId]?.userId);
    return owner ? [{ instanceId, owner }] : [];
  });
}

// An entry whose owner is not known is repaired in no user's name: it is counted.
async function ownedDrifts(
  { holdings }: Pick<SyncAllPorts, 'holdings'>,
  sources: SourcesView,
  stale: readonly StaleEntry[],
): Promise<readonly RunDrift[]> {
  const users = await holdings.usersOf([...new Set(stale.map(({ owner }) => owner))]);
  return stale.flatMap(({ instanceId: id, owner }) => {
    const userId = users.get(owner);
    const instanceId = parseInstanceId(id);
    const firebaseUid = parseFirebaseUid(owner);
    if (userId === undefined || instanceId === undefined || firebaseUid === undefined) return [];
    const { verdict, presence } = judgeBot(sources, { userId, firebaseUid }, instanceId, false);
    if (verdict !== 'stale-entry') return [];
    const { poolState, docker } = presence;
    return [{ userId, firebaseUid, instanceId, verdict, poolState, docker, valueMinor: null }];
  });
}
