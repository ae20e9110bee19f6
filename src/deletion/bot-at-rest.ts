// Is the captured bot at rest now? One fresh look at each container and program, by its id.

import { isAtRest, type Sighting } from '../domain/bot.ts';
import type { InstanceId } from '../domain/ids.ts';
import type { Bots, BotsCall } from './ports/bots.ts';

export type Rest =
  | { readonly status: 'at-rest'; readonly now: readonly Sighting[] }
  | { readonly status: 'running'; readonly names: readonly string[] }
  | { readonly status: 'unknown'; readonly reason: string };

/** What is gone is at rest. One unknown look makes the answer unknown, unless another shows it running. */
export async function lookAtRest(
  bots: Bots,
  instanceId: InstanceId,
  sightings: readonly Sighting[],
  call: BotsCall,
): Promise<Rest> {
  const looks = await Promise.all(sightings.map((seen) => bots.look(instanceId, seen, call)));
  const now = looks.flatMap((look) =>
    look.status === 'ok' && look.items !== null ? look.items : [],
  );
  const running = now.filter((sighting) => !isAtRest(sighting) || mayRevive(sighting));
  if (running.length > 0) {
    return { status: 'running', names: running.map(({ containerName }) => containerName) };
  }
  const unknown = looks.find((look) => look.status === 'unknown');
  return unknown?.status === 'unknown'
    ? { status: 'unknown', reason: unknown.reason }
    : { status: 'at-rest', now };
}

// Docker starts a stopped container of such a policy again with its daemon; supervisord a program whose
// conf file stands in its folder.
function mayRevive(sighting: Sighting): boolean {
  if (sighting.kind === 'dedicated') {
    return sighting.restartPolicy !== '' && sighting.restartPolicy !== 'no';
  }
  const isRead = sighting.conf === 'present' || sighting.entangled !== undefined;
  return sighting.poolRunning && isRead;
}
