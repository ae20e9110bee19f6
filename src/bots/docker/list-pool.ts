// Every bot of one pool container, as the container itself tells it.

import { InDoubtError } from '@reclaim/saga';
import type { BotsCall, ListedPooled } from '../bots.ts';
import { refuseOther } from './container-names.ts';
import type { DockerServices } from './docker-services.ts';
import { inspectNamed } from './inspect-named.ts';
import { toPooled } from './read-observed.ts';
import { readPool, unmatchedReason } from './read-pool.ts';

/** @throws SagaError where that cannot be established. */
export async function listPool(
  host: DockerServices,
  containerName: string,
  call: BotsCall,
): Promise<readonly ListedPooled[]> {
  const pool = await inspectNamed(host, containerName, call);
  if (pool === null) throw new InDoubtError('POOL_GONE', `${containerName} is gone`);
  refuseOther(pool);
  const programs = await readPool(host, pool, call);
  const doubt = unmatchedReason(programs);
  if (doubt !== null) throw new InDoubtError('PROGRAM_UNMATCHED', doubt);
  return [...programs.bots].map(([instanceId, own]) => ({
    instanceId,
    observedBot: toPooled(host.name, pool, own),
  }));
}
