// Everything that a pool container says of its bots: its conf folder and, while it runs, supervisord's full status. The
// files are opened only where names alone do not tell whose a program is. A pool that runs and is paused or
// restarting can be asked neither way: in doubt (I4).

import { InDoubtError } from '@reclaim/saga';
import type { BotsCall } from '../bots.ts';
import {
  isPlain,
  matchPlain,
  matchPrograms,
  type PoolPrograms,
} from '../supervisor/match-programs.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';

/** @throws SagaError when that cannot be established. */
export async function readPool(
  host: DockerServices,
  pool: ContainerView,
  call: BotsCall,
): Promise<PoolPrograms> {
  refuseMuted(pool);
  // One that does not run has no supervisord, and what its files say decides.
  if (!pool.running) return matchPrograms(await host.conf.read(pool.id, call), []);
  const [names, programs] = await Promise.all([
    host.conf.list(pool.id, call),
    host.supervisorReader(pool.id, call).statusAll(),
  ]);
  if (isPlain(names, programs)) return matchPlain(names, programs);
  return matchPrograms(await host.conf.read(pool.id, call), programs);
}

/** @throws InDoubtError for a container whose supervisord exists but cannot be asked. */
function refuseMuted({ name, paused, restarting }: ContainerView): void {
  if (!paused && !restarting) return;
  const how = paused ? 'paused' : 'restarting';
  throw new InDoubtError(`POOL_${how.toUpperCase()}`, `pool container ${name} is ${how}`);
}

/** Why a bot that was not found in the pool may be there all the same. */
export function unmatchedReason({ unmatched }: Pick<PoolPrograms, 'unmatched'>): string | null {
  if (unmatched.length === 0) return null;
  const named = unmatched.slice(0, MAX_NAMED).join(', ');
  return `nobody can tell whose program ${named} is`;
}

/** A reason is for a person. */
const MAX_NAMED = 3;
