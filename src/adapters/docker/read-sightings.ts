// From a container to a sighting. A pool container that runs is asked twice, its conf folder and its
// supervisord; one that does not run has no supervisord, and its conf folder decides. One that is paused
// or restarting can be asked neither way: in doubt (I4).

import type { BotsCall } from '../../deletion/ports/bots.ts';
import type { DedicatedSighting, PooledSighting } from '../../domain/bot.ts';
import { InDoubtError } from '../../saga/errors.ts';
import { confState } from '../supervisor/program-names.ts';
import { refuseOther } from './container-names.ts';
import { type ContainerView, toSightingLabels } from './container-view.ts';
import type { DockerParts } from './docker-parts.ts';

export function toDedicated(host: string, view: ContainerView): DedicatedSighting {
  return {
    kind: 'dedicated',
    host,
    containerId: view.id,
    containerName: view.name,
    labels: toSightingLabels(view.labels),
    running: view.running,
    paused: view.paused,
    restartPolicy: view.restartPolicy,
  };
}

/** The bot in this pool, or null when neither a conf file nor a program of it is there.
 * @throws SagaError when that cannot be established. */
export async function readPooled(
  host: DockerParts,
  pool: ContainerView,
  instanceId: string,
  call: BotsCall,
): Promise<PooledSighting | null> {
  refuseOther(pool);
  refuseMuted(pool);
  const [names, program] = await Promise.all([
    host.conf.list(pool, call),
    pool.running ? host.supervisorReader(pool.id, call).status(instanceId) : NO_PROGRAM,
  ]);
  const conf = confState(names, instanceId);
  if (conf === 'gone' && program === 'absent') return null;
  return {
    kind: 'pooled',
    host: host.name,
    containerId: pool.id,
    containerName: pool.name,
    labels: toSightingLabels(pool.labels),
    poolRunning: pool.running,
    conf,
    program,
  };
}

const NO_PROGRAM = 'absent' as const;

/** @throws InDoubtError for a container whose supervisord exists but cannot be asked. */
export function refuseMuted({ name, paused, restarting }: ContainerView): void {
  if (!paused && !restarting) return;
  const how = paused ? 'paused' : 'restarting';
  throw new InDoubtError(`POOL_${how.toUpperCase()}`, `pool container ${name} is ${how}`);
}
