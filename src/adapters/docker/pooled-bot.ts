// Stopping, restoring and removing a program under supervisord. The conf file moves first: while it
// stands, `update` starts the bot again. A program that was active is taken out of supervisord; one that
// was at rest stays known to it, because adding it back would start it, and a restore goes no further
// than the captured state.

import type { FencedCall } from '../../deletion/ports/bots.ts';
import type { PooledSighting, ProgramState } from '../../domain/bot.ts';
import { RetryableError } from '../../saga/errors.ts';
import type { Supervisorctl } from '../supervisor/supervisorctl.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerParts } from './docker-parts.ts';
import { readPooled } from './read-sightings.ts';
import { resolvePool } from './resolve-pool.ts';

export async function stopPooled(
  host: DockerParts,
  instanceId: string,
  captured: PooledSighting,
  call: FencedCall,
): Promise<void> {
  const pool = await resolvePool(host, captured, call);
  // A program of a container that does not run is stopped; its conf is left to the tombstone.
  if (pool === null || !pool.running) return;
  const now = await readPooled(host, pool, instanceId, call);
  if (now === null) return;
  if (now.conf === 'present') await host.conf.putAside(pool.id, instanceId, call);
  if (now.program === 'absent') return;
  const supervisor = host.supervisor(pool.id, call);
  if (!AT_REST.has(now.program)) await supervisor.stop(instanceId);
  // Without a conf file, supervisord's memory is all there is to restore from.
  if (now.conf === 'gone' || AT_REST.has(captured.program)) return;
  await takeOut(supervisor, instanceId);
}

export async function restorePooled(
  host: DockerParts,
  instanceId: string,
  captured: PooledSighting,
  call: FencedCall,
): Promise<'restored' | 'gone'> {
  const pool = await resolvePool(host, captured, call);
  if (pool === null) return 'gone';
  const now = await readPooled(host, pool, instanceId, call);
  if (now === null) return 'gone';
  if (now.conf === 'aside' && captured.conf === 'present') {
    requireRunning(pool);
    await host.conf.putBack(pool.id, instanceId, call);
  }
  // A pool that stands still starts the bot with itself, from the conf file.
  if (!pool.running || AT_REST.has(captured.program)) return 'restored';
  return makeActive(host.supervisor(pool.id, call), instanceId, now.program);
}

export async function removePooled(
  host: DockerParts,
  instanceId: string,
  seen: PooledSighting,
  call: FencedCall,
): Promise<void> {
  const pool = await resolvePool(host, seen, call);
  if (pool === null) return;
  const now = await readPooled(host, pool, instanceId, call);
  if (now === null) return;
  requireRunning(pool);
  if (now.conf !== 'gone') await host.conf.remove(pool.id, instanceId, call);
  if (now.program === 'absent') return;
  const supervisor = host.supervisor(pool.id, call);
  if (!AT_REST.has(now.program)) await supervisor.stop(instanceId);
  await takeOut(supervisor, instanceId);
}

/** Programs that do nothing and will do nothing by themselves. STOPPING was on its way there. A program
 * `absent` at the capture was unknown to supervisord, and is made so again. */
const AT_REST: ReadonlySet<ProgramState | 'absent'> = new Set([
  'STOPPED',
  'EXITED',
  'FATAL',
  'STOPPING',
]);

export async function makeActive(
  supervisor: Supervisorctl,
  instanceId: string,
  program: PooledSighting['program'],
): Promise<'restored' | 'gone'> {
  let state = program;
  if (state === 'absent') {
    await supervisor.reread();
    // The conf file is there, but supervisord found no program in it: nothing to go back to.
    if ((await supervisor.add(instanceId)) === 'no-such-program') return 'gone';
    state = await supervisor.status(instanceId);
  }
  if (state !== 'absent' && !AT_REST.has(state)) return 'restored';
  const outcome = await supervisor.start(instanceId);
  if (outcome === 'started' || outcome === 'already-started') return 'restored';
  if (outcome === 'no-such-program') return 'gone';
  throw new RetryableError('PROGRAM_DID_NOT_START', `program of ${instanceId} did not start`);
}

async function takeOut(supervisor: Supervisorctl, instanceId: string): Promise<void> {
  if ((await supervisor.remove(instanceId)) !== 'still-running') return;
  const message = `the program of ${instanceId} still runs after its stop`;
  throw new RetryableError('PROGRAM_STILL_RUNNING', message);
}

/** A command can only be run in a container that runs. */
function requireRunning({ name, running }: ContainerView): void {
  if (running) return;
  throw new RetryableError('POOL_NOT_RUNNING', `pool container ${name} does not run`);
}
