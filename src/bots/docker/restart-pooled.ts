// Starting a program that has failed. Only what supervisord knows at rest after a failure and whose conf file stands: a
// program that was stopped by hand stays stopped, and one whose conf file was put aside or removed is a deletion's.

import type { ObservedPooled } from '../../domain/bot.ts';
import type { FencedCall } from '../bots.ts';
import type { RestartOutcome } from '../pool-containers.ts';
import type { DockerServices } from './docker-services.ts';
import { readPooled } from './read-observed.ts';
import { resolvePool } from './resolve-pool.ts';

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
