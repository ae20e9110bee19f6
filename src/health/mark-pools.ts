// What a round saw of the pools themselves: which words of the pool state are not true any more, and which pools have come
// up since the last look.

import type { ContainerLook } from '../bots/pool-containers.ts';
import type { Roster } from '../pool-state/pool-roster.ts';
import type { PoolStatusChange } from '../pool-state/pool-statuses.ts';
import type { PoolHealth } from './bot-healths.ts';
import type { HealthPorts } from './health-ports.ts';
import { isKnownStatus, poolStatusOf } from './judge-pool.ts';

export interface PoolsSeen {
  readonly changes: readonly PoolStatusChange[];
  readonly started: readonly string[];
}

export async function markPools(
  { healths, nowMs }: Pick<HealthPorts, 'healths' | 'nowMs'>,
  roster: Roster,
  looks: ReadonlyMap<string, ContainerLook>,
): Promise<PoolsSeen> {
  const known = await healths.readPools();
  const seen: PoolHealth[] = [];
  const changes: PoolStatusChange[] = [];
  const started: string[] = [];
  for (const { key, pool, bots } of roster.pools) {
    const { containerName } = pool;
    const look = looks.get(containerName);
    const to = look === undefined ? null : poolStatusOf(look);
    if (look === undefined || to === null) continue;
    const containerId = 'containerId' in look ? look.containerId : null;
    const before = known.get(key);
    const isAnother = before?.status !== 'running' || before.containerId !== containerId;
    if (to === 'running' && before !== undefined && isAnother) started.push(key);
    if (to !== pool.status && isKnownStatus(pool.status)) changes.push({ key, seen: pool, to });
    seen.push({
      key,
      containerName,
      status: to,
      containerId,
      bots: bots.length,
      lookedAtMs: nowMs(),
    });
  }
  await healths.savePools(seen);
  return { changes, started };
}
