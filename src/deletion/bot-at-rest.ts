// Is the captured bot at rest now? One fresh observation of each container and program, by its id. What is gone is at rest,
// but "gone" is believed only of a host that is (I4): a daemon that lost its disk answers "no such container" as well,
// and the bot runs again when the disk is back.

import type { Bots, BotsCall, FencedCall } from '../bots/bots.ts';
import type { HostExpectations } from '../bots/hosts/host-expectations.ts';
import { isAtRest, type ObservedBot } from '../domain/bot.ts';
import type { InstanceId, UserId } from '../domain/ids.ts';
import type { SourceAnswer } from '../domain/source.ts';

export type Rest =
  | { readonly status: 'at-rest'; readonly now: readonly ObservedBot[] }
  | { readonly status: 'running'; readonly names: readonly string[] }
  | { readonly status: 'unknown'; readonly reason: string };

/** Why "gone" proves nothing for this one; null: it does. */
export type AbsenceDoubt = (observed: ObservedBot) => Promise<string | null>;

interface ObservedIncarnation {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** When all of it was seen, or earlier. */
  readonly observedAt: Date;
}

export function createAbsenceDoubt(
  { hostExpectations }: { readonly hostExpectations: HostExpectations },
  { userId, instanceId, observedAt }: ObservedIncarnation,
  call: BotsCall,
): AbsenceDoubt {
  return async ({ host }) => {
    const sought = { dockerHost: host, pools: null, hadMoney: true };
    const [doubt = null] = await hostExpectations.doubts(
      { ...sought, observedAt: { instanceId, owners: [userId], at: observedAt } },
      call,
    );
    return doubt;
  };
}

/** What this very stop takes away (`--rm`) needs no proof of its absence. */
export async function stopAndObserve(
  bots: Bots,
  instanceId: InstanceId,
  observedBots: readonly ObservedBot[],
  doubtAbsence: AbsenceDoubt,
  call: FencedCall,
): Promise<Rest> {
  const outcomes = await Promise.all(
    observedBots.map((observed) => bots.stop(instanceId, observed, call)),
  );
  const wereGone = new Set(observedBots.filter((_, index) => outcomes[index] === 'gone'));
  const doubtOthers: AbsenceDoubt = async (observed) =>
    wereGone.has(observed) ? doubtAbsence(observed) : null;
  return observeAtRest(bots, instanceId, observedBots, call, doubtOthers);
}

/** One unknown answer makes all of it unknown, unless another shows it running.
 * @param doubtAbsence default: each of them was seen at rest before, so that it does not run again by itself. */
export async function observeAtRest(
  bots: Bots,
  instanceId: InstanceId,
  observedBots: readonly ObservedBot[],
  call: BotsCall,
  doubtAbsence: AbsenceDoubt = async () => null,
): Promise<Rest> {
  const observations = await Promise.all(
    observedBots.map((observed) => bots.observe(instanceId, observed, call)),
  );
  const now = observations.flatMap((observation) =>
    observation.status === 'ok' && observation.items !== null ? observation.items : [],
  );
  const running = now.filter((observedBot) => !isAtRest(observedBot) || mayRevive(observedBot));
  if (running.length > 0) {
    return { status: 'running', names: running.map(({ containerName }) => containerName) };
  }
  const unknown = observations.find((observation) => observation.status === 'unknown');
  if (unknown?.status === 'unknown') return { status: 'unknown', reason: unknown.reason };
  const gone = observedBots.filter((_, index) => isGone(observations[index]));
  const doubts = await Promise.all(gone.map(doubtAbsence));
  const doubt = doubts.find((reason) => reason !== null);
  return doubt === undefined ? { status: 'at-rest', now } : { status: 'unknown', reason: doubt };
}

function isGone(observation: SourceAnswer<ObservedBot | null> | undefined): boolean {
  return observation?.status === 'ok' && observation.items === null;
}

// Docker starts a stopped container of such a policy again with its daemon; supervisord a program whose
// conf file stands in its folder.
function mayRevive(observedBot: ObservedBot): boolean {
  if (observedBot.kind === 'dedicated') {
    return observedBot.restartPolicy !== '' && observedBot.restartPolicy !== 'no';
  }
  const isRead = observedBot.conf === 'present' || observedBot.entangled !== undefined;
  return observedBot.poolRunning && isRead;
}
