// Stopping, restoring, removing and restarting a program under supervisord. The conf file moves first: while it
// stands, `update` starts the bot again. A program that was active is taken out of supervisord; one that
// was at rest stays known to it, because adding it back would start it, and a restore goes no further
// than the captured state.

import { RetryableError } from '@reclaim/saga';
import type { KnownProgram, ObservedPooled, ProgramState } from '../../domain/bot.ts';
import type { FencedCall } from '../bots.ts';
import type { RestartOutcome } from '../pool-containers.ts';
import { groupsOf, isProgramName, programName } from '../supervisor/program-names.ts';
import type { Supervisorctl } from '../supervisor/supervisorctl.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { readPooled } from './read-observed.ts';
import { resolvePool } from './resolve-pool.ts';

export async function stopPooled(
  host: DockerServices,
  instanceId: string,
  captured: ObservedPooled,
  call: FencedCall,
): Promise<'stopped' | 'gone'> {
  const pool = await resolvePool(host, captured, call);
  if (pool === null) return 'gone';
  // A program of a container that does not run is stopped; its conf is left to the tombstone.
  if (!pool.running) return 'stopped';
  const now = await readPooled(host, pool, instanceId, call, captured);
  if (now === null) return 'gone';
  const supervisor = host.supervisor(pool.id, call, captured.stopSeconds);
  if (now.entangled !== undefined) return stopEntangled(supervisor, now, now.entangled);
  if (now.conf === 'present') await host.conf.putAside(pool.id, instanceId, call);
  await stopAll(supervisor, now);
  // Without a conf file, supervisord's memory is all there is to restore from.
  if (now.conf !== 'gone' && !AT_REST.has(captured.program)) await takeOut(supervisor, now);
  return 'stopped';
}

export async function restorePooled(
  host: DockerServices,
  instanceId: string,
  captured: ObservedPooled,
  call: FencedCall,
): Promise<'restored' | 'gone'> {
  const pool = await resolvePool(host, captured, call);
  if (pool === null) return 'gone';
  const now = await readPooled(host, pool, instanceId, call, captured);
  if (now === null) return 'gone';
  if (now.conf === 'aside' && captured.conf === 'present') {
    requireRunning(pool);
    await host.conf.putBack(pool.id, instanceId, call);
  }
  // A pool that stands still starts the bot with itself, from the conf file.
  if (!pool.running || AT_REST.has(captured.program)) return 'restored';
  return makeActive(host.supervisor(pool.id, call), instanceId, {
    before: captured.programs,
    observed: now.programs,
  });
}

export async function removePooled(
  host: DockerServices,
  instanceId: string,
  observed: ObservedPooled,
  call: FencedCall,
): Promise<'removed' | 'gone'> {
  const pool = await resolvePool(host, observed, call);
  if (pool === null) return 'gone';
  const now = await readPooled(host, pool, instanceId, call, observed);
  if (now === null) return 'gone';
  requireRunning(pool);
  const supervisor = host.supervisor(pool.id, call, observed.stopSeconds);
  if (now.entangled !== undefined) return stopEntangled(supervisor, now, now.entangled);
  // Aside, and removed last: from a stop that is refused there is a way back.
  if (now.conf === 'present') await host.conf.putAside(pool.id, instanceId, call);
  await stopAll(supervisor, now);
  await takeOut(supervisor, now);
  if (now.conf !== 'gone') await host.conf.remove(pool.id, instanceId, call);
  return 'removed';
}

/** Programs that do nothing and will do nothing by themselves. STOPPING was on its way there. A program
 * `absent` at the capture was unknown to supervisord, and is made so again. */
const AT_REST: ReadonlySet<ProgramState | 'absent'> = new Set([
  'STOPPED',
  'EXITED',
  'FATAL',
  'STOPPING',
]);

/** Makes the bot's programs what they were before: active where they were, at rest where they were. Where none is known,
 * the one that the platform writes conf files for. */
export async function makeActive(
  supervisor: Supervisorctl,
  instanceId: string,
  {
    before,
    observed,
  }: { readonly before: readonly KnownProgram[]; readonly observed: readonly KnownProgram[] },
): Promise<'restored' | 'gone'> {
  if (before.length === 0 && !isProgramName(programName(instanceId))) return 'gone';
  const wanted: readonly KnownProgram[] =
    before.length > 0 ? before : [{ name: programName(instanceId), state: 'RUNNING' }];
  let now = statesOf(observed);
  const missing = groupsOf(wanted.filter(({ name }) => !now.has(name)));
  if (missing.length > 0) {
    await supervisor.reread();
    for (const group of missing) {
      // The conf file is there, but supervisord found no program in it: nothing to go back to.
      if ((await supervisor.add(group)) === 'no-such-program') return 'gone';
    }
    now = statesOf(await supervisor.statusAll());
  }
  for (const { name, state } of wanted) {
    const isActive = isActiveState(now.get(name));
    if (isActive === isActiveState(state)) continue;
    if (isActive) await supervisor.stop(name);
    else if ((await startOne(supervisor, name)) === 'gone') return 'gone';
  }
  return 'restored';
}

async function startOne(supervisor: Supervisorctl, name: string): Promise<'started' | 'gone'> {
  const outcome = await supervisor.start(name);
  if (outcome === 'started' || outcome === 'already-started') return 'started';
  if (outcome === 'no-such-program') return 'gone';
  throw new RetryableError('PROGRAM_DID_NOT_START', `program ${name} did not start`);
}

function statesOf(programs: readonly KnownProgram[]): ReadonlyMap<string, ProgramState> {
  return new Map(programs.map(({ name, state }) => [name, state]));
}

function isActiveState(state: ProgramState | undefined): boolean {
  return state !== undefined && !AT_REST.has(state);
}

async function stopAll(supervisor: Supervisorctl, { programs }: ObservedPooled): Promise<void> {
  for (const { name, state } of programs) if (isActiveState(state)) await supervisor.stop(name);
}

// Whose programs, group or file are not its own alone: it is stopped, and what is not its own is left.
async function stopEntangled(
  supervisor: Supervisorctl,
  now: ObservedPooled,
  why: string,
): Promise<never> {
  await stopAll(supervisor, now);
  const message = `its programs are stopped, but cannot be taken out of supervisord: ${why}`;
  throw new RetryableError('PROGRAM_ENTANGLED', message);
}

async function takeOut(supervisor: Supervisorctl, { programs }: ObservedPooled): Promise<void> {
  for (const group of groupsOf(programs)) {
    if ((await supervisor.remove(group)) !== 'still-running') continue;
    const message = `the program ${group} still runs after its stop`;
    throw new RetryableError('PROGRAM_STILL_RUNNING', message);
  }
}

/** A command can only be run in a container that runs. */
function requireRunning({ name, running }: ContainerView): void {
  if (running) return;
  throw new RetryableError('POOL_NOT_RUNNING', `pool container ${name} does not run`);
}

/** Starts a program that has failed. Only what supervisord knows at rest after a failure and whose conf file stands: a
 * program that was stopped by hand stays stopped, and one whose conf file was put aside or removed is a deletion's. */
export async function restartPooled(
  host: DockerServices,
  instanceId: string,
  observed: ObservedPooled,
  call: FencedCall,
): Promise<RestartOutcome> {
  const pool = await resolvePool(host, observed, call);
  if (pool === null) return 'gone';
  // Its own start brings its programs up.
  if (!pool.running) return 'not-needed';
  const now = await readPooled(host, pool, instanceId, call, observed);
  if (now === null || now.conf !== 'present' || now.program === 'absent') return 'gone';
  if (now.program !== 'EXITED' && now.program !== 'FATAL') return 'not-needed';
  const supervisor = host.supervisor(pool.id, call);
  const outcomes: RestartOutcome[] = [];
  for (const { name, state } of now.programs) {
    if (state === 'EXITED' || state === 'FATAL') {
      outcomes.push(MEANS[await supervisor.startSoon(name)]);
    }
  }
  return WORST_FIRST.find((outcome) => outcomes.includes(outcome)) ?? 'not-needed';
}

const MEANS = {
  started: 'started',
  sent: 'started',
  'already-started': 'not-needed',
  'no-such-program': 'gone',
  failed: 'failed',
} as const satisfies Record<string, RestartOutcome>;

const WORST_FIRST: readonly RestartOutcome[] = ['failed', 'gone', 'started'];
