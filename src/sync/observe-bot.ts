// A fresh observation of one bot in the pool state and in Docker: the second one before anything is repaired, and the
// last one before money moves. I4: it reads where the first one may have missed something, and an absence on a
// host that cannot be believed is unknown.

import type { BotsCall } from '../bots/bots.ts';
import {
  findEntryOf,
  type LocatePorts,
  locateOwned,
  type OwnedBots,
} from '../bots/locate-owned.ts';
import type { Absence } from '../deletion/reclaim-orphan.ts';
import type { ObservedBot } from '../domain/bot.ts';
import type { PresenceAnswer } from '../domain/presence.ts';
import type { SourceAnswer } from '../domain/source.ts';
import type { OwnedEntry } from '../pool-state/owned-entry.ts';
import type { BotOfOwner } from '../pool-state/ownership.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';

export interface ObserveBotPorts extends LocatePorts {
  readonly poolStates: PoolStates;
}

export interface BotObservation {
  readonly poolState: PresenceAnswer;
  readonly docker: PresenceAnswer;
  readonly entry: OwnedEntry['entry'];
  readonly observedBots: readonly ObservedBot[];
  /** Containers of the same id that belong to another user, or whose owner is not known. */
  readonly foreign: readonly string[];
  readonly reasons: readonly string[];
  /** Why hosts that may hold more of it did not answer. */
  readonly unobserved: readonly string[];
}

export interface BotToObserve extends BotOfOwner {
  readonly holdsAllocation: boolean;
}

export async function observeBot(
  ports: ObserveBotPorts,
  { userId, firebaseUid, instanceId, holdsAllocation }: BotToObserve,
  { signal }: BotsCall,
): Promise<BotObservation> {
  const owner = { userId, firebaseUid };
  // An observation that decides takes no host at its last word.
  const call = { signal, probes: true };
  // The pool state first: it says where to search, and an entry that goes meanwhile goes before its container.
  const pools = forBot(await ports.poolStates.read(call), instanceId);
  const state = pools.status === 'ok' ? pools.items : null;
  const bot = { owner, instanceId, holdsAllocation: async () => holdsAllocation };
  const located = await locateOwned(ports, {
    ...bot,
    pools: state,
    call,
  });
  const found = state === null ? null : await findEntryOf(ports.wallets, state, bot);
  const entry = found?.entry ?? null;
  const docker = believe(located);
  return {
    poolState: state === null ? 'unknown' : entry === null ? 'no' : 'yes',
    docker: docker.observed,
    entry,
    observedBots: located.status === 'ok' ? located.items.mine : [],
    foreign: located.status === 'ok' ? located.items.foreign : [],
    unobserved: located.status === 'ok' ? located.items.unobserved : [located.reason],
    reasons: [
      ...(pools.status === 'unknown' ? [`pool state: ${pools.reason}`] : []),
      ...docker.reasons,
    ],
  };
}

/** The same observation as the question that a reclaiming asks before it pays. */
export function createAbsence(ports: ObserveBotPorts): Absence {
  return {
    check: async (bot, call) => {
      // The allocation is there, and locked: where nothing else names an owner, it does.
      const observation = await observeBot(ports, { ...bot, holdsAllocation: true }, call);
      if (observation.docker === 'yes')
        return { status: 'present', where: namesOf(observation.observedBots) };
      if (observation.poolState === 'yes') return { status: 'present', where: 'the pool state' };
      if (observation.docker === 'no' && observation.poolState === 'no')
        return { status: 'absent' };
      return { status: 'unknown', reason: observation.reasons.join('; ') };
    },
  };
}

function namesOf(observedBots: readonly ObservedBot[]): string {
  return observedBots.map(({ host, containerName }) => `${containerName} on ${host}`).join(', ');
}

interface Believed {
  readonly observed: PresenceAnswer;
  readonly reasons: readonly string[];
}

function believe(located: SourceAnswer<OwnedBots>): Believed {
  if (located.status === 'unknown') return { observed: 'unknown', reasons: [located.reason] };
  const { mine, unowned, disbelieved } = located.items;
  if (mine.length > 0) return { observed: 'yes', reasons: [] };
  if (unowned.length > 0) {
    return { observed: 'unknown', reasons: [`it is not known whose ${unowned.join(', ')} is`] };
  }
  return { observed: disbelieved.length === 0 ? 'no' : 'unknown', reasons: disbelieved };
}
