// Is the captured bot at rest now? One fresh observation of each container and program, by its id. What is gone is at rest,
// but "gone" is believed only of a host that is (I4): a daemon that lost its disk answers "no such container" as well,
// and the bot runs again when the disk is back.

import type { Bots, BotsCall, FencedCall } from '../bots/bots.ts';
import type { HostBelief } from '../bots/host-belief.ts';
import { isAtRest, type Sighting } from '../domain/bot.ts';
import type { InstanceId } from '../domain/ids.ts';
import type { SourceAnswer } from '../domain/source.ts';

export type Rest =
  | { readonly status: 'at-rest'; readonly now: readonly Sighting[] }
  | { readonly status: 'running'; readonly names: readonly string[] }
  | { readonly status: 'unknown'; readonly reason: string };

/** Why "gone" proves nothing for this one; null: it does. */
export type AbsenceDoubt = (seen: Sighting) => Promise<string | null>;

/** @param seenAt when all of it was seen, or earlier. */
export function createAbsenceDoubt(
  { hostBelief }: { readonly hostBelief: HostBelief },
  { instanceId, seenAt }: { readonly instanceId: InstanceId; readonly seenAt: Date },
  call: BotsCall,
): AbsenceDoubt {
  return async ({ host }) => {
    const sought = { dockerHost: host, pools: null, hadMoney: true };
    const [doubt = null] = await hostBelief.doubts(
      { ...sought, seenAt: { instanceId, at: seenAt } },
      call,
    );
    return doubt;
  };
}

/** What this very stop takes away (`--rm`) needs no proof of its absence. */
export async function stopAndLook(
  bots: Bots,
  instanceId: InstanceId,
  sightings: readonly Sighting[],
  doubtAbsence: AbsenceDoubt,
  call: FencedCall,
): Promise<Rest> {
  const outcomes = await Promise.all(sightings.map((seen) => bots.stop(instanceId, seen, call)));
  const wereGone = new Set(sightings.filter((_, index) => outcomes[index] === 'gone'));
  const doubtOthers: AbsenceDoubt = async (seen) =>
    wereGone.has(seen) ? doubtAbsence(seen) : null;
  return lookAtRest(bots, instanceId, sightings, call, doubtOthers);
}

/** One unknown answer makes all of it unknown, unless another shows it running.
 * @param doubtAbsence default: each of them was seen at rest before, so that it does not run again by itself. */
export async function lookAtRest(
  bots: Bots,
  instanceId: InstanceId,
  sightings: readonly Sighting[],
  call: BotsCall,
  doubtAbsence: AbsenceDoubt = async () => null,
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
  if (unknown?.status === 'unknown') return { status: 'unknown', reason: unknown.reason };
  const gone = sightings.filter((_, index) => isGone(looks[index]));
  const doubts = await Promise.all(gone.map(doubtAbsence));
  const doubt = doubts.find((reason) => reason !== null);
  return doubt === undefined ? { status: 'at-rest', now } : { status: 'unknown', reason: doubt };
}

function isGone(look: SourceAnswer<Sighting | null> | undefined): boolean {
  return look?.status === 'ok' && look.items === null;
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
