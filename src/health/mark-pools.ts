// What a round saw of the pools themselves: which words of the pool state are not true any more, and which pools have come
// up since the last round.

import type { ContainerObservation } from '../bots/pool-containers.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { Roster } from '../pool-state/pool-roster.ts';
import type { PoolStatusChange } from '../pool-state/pool-statuses.ts';
import type { PoolHealth } from './bot-healths.ts';
import type { HealthPorts } from './health-ports.ts';

export interface PoolsObserved {
  readonly changes: readonly PoolStatusChange[];
  readonly started: readonly string[];
}

export async function markPools(
  { healths, nowMs }: Pick<HealthPorts, 'healths' | 'nowMs'>,
  roster: Roster,
  observations: ReadonlyMap<string, ContainerObservation>,
): Promise<PoolsObserved> {
  const known = await healths.readPools();
  const observed: PoolHealth[] = [];
  const changes: PoolStatusChange[] = [];
  const started: string[] = [];
  for (const { key, pool, bots } of roster.pools) {
    const { containerName } = pool;
    const observation = observations.get(containerName);
    const to = observation === undefined ? null : poolStatusOf(observation);
    if (observation === undefined || to === null) continue;
    const containerId = 'containerId' in observation ? observation.containerId : null;
    const before = known.get(key);
    const isAnother = before?.status !== 'running' || before.containerId !== containerId;
    if (to === 'running' && before !== undefined && isAnother) started.push(key);
    if (to !== pool.status && isKnownStatus(pool.status)) changes.push({ key, observed: pool, to });
    observed.push({
      key,
      containerName,
      status: to,
      containerId,
      bots: bots.length,
      observedAtMs: nowMs(),
    });
  }
  await healths.savePools(observed);
  return { changes, started };
}

/** The word for a pool, from its container. A paused container runs nothing; one that restarts again and again, has died or
 * is gone has failed. A pool that could not be queried proves nothing (I4). */
function poolStatusOf(observation: ContainerObservation): PoolHealth['status'] | null {
  switch (observation.status) {
    case 'unknown':
      return null;
    case 'running':
      return 'running';
    case 'absent':
      return 'failed';
    case 'not-running':
      return STATUSES[observation.how];
    default:
      return assertNever(observation);
  }
}

const STATUSES = {
  created: 'stopped',
  exited: 'stopped',
  paused: 'stopped',
  restarting: 'failed',
  dead: 'failed',
} as const;

/** Whether the pool state's word for it is one of ours: a newer platform's is left alone. */
function isKnownStatus(word: string): boolean {
  return word === 'running' || word === 'stopped' || word === 'failed';
}
