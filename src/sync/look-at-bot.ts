// A fresh look at one bot in the pool state and in Docker: the second look before anything is repaired, and the
// last one before money moves. I4: it looks where the first look may have missed something, and an absence on a
// host that cannot be believed is unknown.

import type { Bots, BotsCall } from '../bots/bots.ts';
import type { HostBelief } from '../bots/host-belief.ts';
import { findEntryOf, locateOwned, type OwnedSightings } from '../bots/locate-owned.ts';
import type { Absence, AbsentBot } from '../deletion/absence.ts';
import type { Sighting } from '../domain/bot.ts';
import type { Seen } from '../domain/presence.ts';
import type { SourceAnswer } from '../domain/source.ts';
import type { OwnedEntry } from '../pool-state/owned-entry.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';
import type { Wallets } from '../wallet/wallets.ts';

export interface LookPorts {
  readonly bots: Bots;
  readonly wallets: Wallets;
  readonly poolStates: PoolStates;
  readonly hostBelief: HostBelief;
}

export interface BotLook {
  readonly poolState: Seen;
  readonly docker: Seen;
  readonly entry: OwnedEntry['entry'];
  readonly sightings: readonly Sighting[];
  /** Containers of the same id that belong to somebody else, or to nobody who is known. */
  readonly foreign: readonly string[];
  readonly reasons: readonly string[];
  /** Why hosts that may hold more of it did not answer. */
  readonly unseen: readonly string[];
}

export interface BotToLookAt extends AbsentBot {
  readonly holdsAllocation: boolean;
}

export async function lookAtBot(
  ports: LookPorts,
  { userId, firebaseUid, instanceId, holdsAllocation }: BotToLookAt,
  { signal }: BotsCall,
): Promise<BotLook> {
  const owner = { userId, firebaseUid };
  // A look that decides takes no host at its last word.
  const call = { signal, probes: true };
  // The pool state first: it says where to look, and an entry that goes meanwhile goes before its container.
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
    docker: docker.seen,
    entry,
    sightings: located.status === 'ok' ? located.items.mine : [],
    foreign: located.status === 'ok' ? located.items.foreign : [],
    unseen: located.status === 'ok' ? located.items.unseen : [located.reason],
    reasons: [
      ...(pools.status === 'unknown' ? [`pool state: ${pools.reason}`] : []),
      ...docker.reasons,
    ],
  };
}

/** The same look as the question that a reclaiming asks before it pays. */
export function createAbsence(ports: LookPorts): Absence {
  return {
    check: async (bot, call) => {
      // The allocation is there, and marked: where nothing else names an owner, it does.
      const look = await lookAtBot(ports, { ...bot, holdsAllocation: true }, call);
      if (look.docker === 'yes') return { status: 'present', where: namesOf(look.sightings) };
      if (look.poolState === 'yes') return { status: 'present', where: 'the pool state' };
      if (look.docker === 'no' && look.poolState === 'no') return { status: 'absent' };
      return { status: 'unknown', reason: look.reasons.join('; ') };
    },
  };
}

function namesOf(sightings: readonly Sighting[]): string {
  return sightings.map(({ host, containerName }) => `${containerName} on ${host}`).join(', ');
}

interface Believed {
  readonly seen: Seen;
  readonly reasons: readonly string[];
}

function believe(located: SourceAnswer<OwnedSightings>): Believed {
  if (located.status === 'unknown') return { seen: 'unknown', reasons: [located.reason] };
  const { mine, unowned, disbelieved } = located.items;
  if (mine.length > 0) return { seen: 'yes', reasons: [] };
  if (unowned.length > 0) {
    return { seen: 'unknown', reasons: [`it is not known whose ${unowned.join(', ')} is`] };
  }
  return { seen: disbelieved.length === 0 ? 'no' : 'unknown', reasons: disbelieved };
}
