// Starting a new bot under supervisord: its files, then the program alone is made known (`reread`, `add`) and
// started. `update` without a name would do the same to every conf file of the pool, those that another saga
// has put aside included. Seen RUNNING before it counts; STARTING counts only when the wait is over, for a
// program whose startsecs are longer than that.

import { InDoubtError, pause, RetryableError, TerminalError } from '@reclaim/saga';
import type { ObservedPooled } from '../../domain/bot.ts';
import type { BotPlace, FencedCall, StartOrder } from '../bots.ts';
import { refuseOther } from './container-names.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { inspectNamed } from './inspect-named.ts';
import { makeActive } from './pooled-bot.ts';
import { readPooled } from './read-observed.ts';

type Place = Extract<BotPlace, { kind: 'pooled' }>;
type Bot = Omit<StartOrder, 'place'>;

export async function startPooled(
  host: DockerServices,
  { instanceId }: Bot,
  place: Place,
  call: FencedCall,
): Promise<ObservedPooled> {
  const pool = await runningPool(host, place, call);
  const before = await readPooled(host, pool, instanceId, call);
  if (before?.conf === 'aside') {
    const message = `the conf file of ${instanceId} was put aside by a deletion`;
    throw new TerminalError('BOT_PUT_ASIDE', message);
  }
  if (before?.conf !== 'present') {
    await host.newPrograms.write(pool.id, { instanceId, port: place.port }, call);
  }
  if (!(before?.conf === 'present' && isUp(before.program))) {
    const supervisor = host.supervisor(pool.id, call);
    if (
      (await makeActive(supervisor, instanceId, {
        before: [],
        observed: before?.programs ?? [],
      })) === 'gone'
    ) {
      const message = `supervisord of ${pool.name} does not read ${instanceId}'s conf file`;
      throw new RetryableError('PROGRAM_UNKNOWN', message);
    }
  }
  return observedRunning(host, pool, instanceId, call);
}

const POLL_MS = 250;

async function observedRunning(
  host: DockerServices,
  pool: ContainerView,
  instanceId: string,
  call: FencedCall,
): Promise<ObservedPooled> {
  const end = performance.now() + host.deadlines.programMs;
  for (;;) {
    const observed = await readPooled(host, pool, instanceId, call);
    if (observed?.program === 'RUNNING') return observed;
    const isOver = performance.now() > end;
    if (isOver && observed?.program === 'STARTING') return observed;
    if (isOver || observed === null || HAS_FAILED.has(observed.program)) {
      const state = observed?.program ?? 'gone';
      const message = `the program of ${instanceId} did not come up: ${state}`;
      throw new RetryableError('PROGRAM_DID_NOT_START', message);
    }
    await pause(POLL_MS, call.signal);
    if (call.signal.aborted) throw new InDoubtError('DOCKER_ABORTED', 'aborted while waiting');
  }
}

/** BACKOFF is not among them: supervisord tries it again by itself, a few times, then it is FATAL. */
const HAS_FAILED: ReadonlySet<ObservedPooled['program']> = new Set(['STOPPED', 'EXITED', 'FATAL']);

function isUp(program: ObservedPooled['program']): boolean {
  return program === 'RUNNING' || program === 'STARTING';
}

async function runningPool(
  host: DockerServices,
  { containerName }: Place,
  call: FencedCall,
): Promise<ContainerView> {
  const pool = await inspectNamed(host, containerName, call);
  if (pool === null) {
    const message = `there is no pool container ${containerName} on host "${host.name}"`;
    throw new TerminalError('NO_SUCH_POOL', message);
  }
  refuseOther(pool);
  if (pool.running) return pool;
  throw new RetryableError('POOL_NOT_RUNNING', `pool container ${containerName} does not run`);
}
