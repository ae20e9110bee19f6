// Starting a new bot under supervisord: its files, then the program alone is made known (`reread`, `add`) and
// started. `update` without a name would do the same to every conf file of the pool, those that another saga
// has put aside included. Seen RUNNING before it counts; STARTING counts only when the wait is over, for a
// program whose startsecs are longer than that.

import { InDoubtError, pause, RetryableError, TerminalError } from '@reclaim/saga';
import type { PooledSighting } from '../../domain/bot.ts';
import type { BotPlace, FencedCall, StartOrder } from '../bots.ts';
import { exactNameFilter, refuseOther } from './container-names.ts';
import type { ContainerView } from './container-view.ts';
import type { DockerParts } from './docker-parts.ts';
import { makeActive } from './pooled-bot.ts';
import { readPooled } from './read-sightings.ts';

type Place = Extract<BotPlace, { kind: 'pooled' }>;
type Bot = Omit<StartOrder, 'place'>;

export async function startPooled(
  host: DockerParts,
  { instanceId }: Bot,
  place: Place,
  call: FencedCall,
): Promise<PooledSighting> {
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
      (await makeActive(supervisor, instanceId, { before: [], seen: before?.programs ?? [] })) ===
      'gone'
    ) {
      const message = `supervisord of ${pool.name} does not read ${instanceId}'s conf file`;
      throw new RetryableError('PROGRAM_UNKNOWN', message);
    }
  }
  return seenRunning(host, pool, instanceId, call);
}

const POLL_MS = 250;

async function seenRunning(
  host: DockerParts,
  pool: ContainerView,
  instanceId: string,
  call: FencedCall,
): Promise<PooledSighting> {
  const end = performance.now() + host.deadlines.programMs;
  for (;;) {
    const seen = await readPooled(host, pool, instanceId, call);
    if (seen?.program === 'RUNNING') return seen;
    const isOver = performance.now() > end;
    if (isOver && seen?.program === 'STARTING') return seen;
    if (isOver || seen === null || HAS_FAILED.has(seen.program)) {
      const state = seen?.program ?? 'gone';
      const message = `the program of ${instanceId} did not come up: ${state}`;
      throw new RetryableError('PROGRAM_DID_NOT_START', message);
    }
    await pause(POLL_MS, call.signal);
    if (call.signal.aborted) throw new InDoubtError('DOCKER_ABORTED', 'aborted while waiting');
  }
}

/** BACKOFF is not among them: supervisord tries it again by itself, a few times, then it is FATAL. */
const HAS_FAILED: ReadonlySet<PooledSighting['program']> = new Set(['STOPPED', 'EXITED', 'FATAL']);

function isUp(program: PooledSighting['program']): boolean {
  return program === 'RUNNING' || program === 'STARTING';
}

async function runningPool(
  { name: hostName, containers }: DockerParts,
  { containerName }: Place,
  call: FencedCall,
): Promise<ContainerView> {
  const named = await containers.list({ name: [exactNameFilter(containerName)] }, call);
  const found = named.find(({ names }) => names.includes(containerName));
  const pool = found === undefined ? null : await containers.inspect(found.id, call);
  if (pool === null) {
    const message = `there is no pool container ${containerName} on host "${hostName}"`;
    throw new TerminalError('NO_SUCH_POOL', message);
  }
  refuseOther(pool);
  if (pool.running) return pool;
  throw new RetryableError('POOL_NOT_RUNNING', `pool container ${containerName} does not run`);
}
