// Looks for one bot in Docker and keeps apart what is this user's and what is not. I4: an unknown answer
// stays unknown, it is never read as "nothing there"; but a host that is away hides its own bots alone: where
// another one shows the bot, that is where it is.

import { isAtRest, type Sighting } from '../domain/bot.ts';
import { type BotOwner, judgeOwner, type Ownership, prefixCandidates } from '../domain/identity.ts';
import type { InstanceId } from '../domain/ids.ts';
import { findOwnEntry } from '../domain/owned-entry.ts';
import { type PoolState, poolContainersOf } from '../domain/pool-state.ts';
import { ok, type SourceAnswer, unknown } from '../domain/source.ts';
import type { Bots, BotsCall } from './ports/bots.ts';
import type { PoolScope } from './ports/pool-states.ts';
import type { Wallets } from './ports/wallets.ts';

export interface OwnedSightings {
  readonly mine: readonly Sighting[];
  /** Names of containers with this id that are somebody else's, or nobody's who is known. */
  readonly foreign: readonly string[];
  /** Those of them that nobody is known to own: evidence of nothing, for nobody (I4). */
  readonly unowned: readonly string[];
  /** Why hosts that may hold more of it did not answer: who wants to say that this is all has to ask them again. */
  readonly unseen: readonly string[];
}

export interface LocateOrder {
  readonly owner: BotOwner;
  readonly instanceId: InstanceId;
  /** Whether this user's wallet holds an allocation of this id; asked only where nothing else decides. */
  readonly holdsAllocation: () => Promise<boolean>;
  /** What it says of `aboutBotOf` at least. Null: it is unknown; the owner's pools are then found by their names. */
  readonly pools: PoolState | null;
  readonly call: BotsCall;
}

/** What the pool state has to say for a look: of the bot, and of the containers that may hold it. */
export function aboutBotOf({ firebaseUid }: BotOwner, instanceId: InstanceId): PoolScope {
  return { bots: [instanceId], users: firebaseUid === null ? [] : [firebaseUid] };
}

/** `ok` without anything that is mine is positive evidence of absence: every host that may hold it answered. */
export async function locateOwned(
  { bots, wallets }: { readonly bots: Bots; readonly wallets: Wallets },
  { owner, instanceId, holdsAllocation, pools, call }: LocateOrder,
): Promise<SourceAnswer<OwnedSightings>> {
  const hints = hintsOf(pools, instanceId, owner);
  const { firebaseUid } = owner;
  const answer = await bots.locate({ instanceId, firebaseUid, ...hints }, call);
  const sightings = answer.status === 'ok' ? answer.items : answer.found;
  const mine: Sighting[] = [];
  const foreign: string[] = [];
  const unowned: string[] = [];
  for (const sighting of sightings) {
    let judged = judgeOwner(sighting, instanceId, owner, pools);
    if (judged === 'undecided') {
      judged = await judgeByWallets(wallets, owner, instanceId, await holdsAllocation());
    }
    if (judged === 'mine') mine.push(sighting);
    else foreign.push(sighting.containerName);
    if (judged === 'undecided') unowned.push(sighting.containerName);
  }
  if (answer.status === 'ok') {
    return ok({ mine, foreign, unowned, unseen: [] }, answer.observedAt);
  }
  const { reason, observedAt } = answer;
  if (!mine.some(isHere)) return unknown(reason);
  return ok({ mine, foreign, unowned, unseen: [reason] }, observedAt);
}

// What a deletion has put aside says nothing of where the bot lives now; a bot that somebody has stopped does.
function isHere(sighting: Sighting): boolean {
  return sighting.kind === 'dedicated' || sighting.conf === 'present' || !isAtRest(sighting);
}

// Neither label nor mapping nor pool names an owner: the one user who holds such an allocation, else the
// longest firebaseUid that the id begins with.
async function judgeByWallets(
  wallets: Wallets,
  { userId, firebaseUid }: BotOwner,
  instanceId: InstanceId,
  holdsAllocation: boolean,
): Promise<Ownership> {
  const others = await wallets.otherHolders(userId, instanceId);
  const holders = others.length + (holdsAllocation ? 1 : 0);
  if (holders === 1) return holdsAllocation ? 'mine' : 'foreign';
  const existing = await wallets.existingFirebaseUids(prefixCandidates(instanceId));
  const longest = prefixCandidates(instanceId).find((candidate) => existing.has(candidate));
  if (longest === undefined) return 'undecided';
  return longest === firebaseUid ? 'mine' : 'foreign';
}

// Only this user's mapping may narrow the look to one host: somebody else's bot of the same id lives elsewhere.
function hintsOf(pools: PoolState | null, instanceId: InstanceId, owner: BotOwner) {
  if (pools === null) return { poolContainers: [] };
  const poolContainers = poolContainersOf(pools, instanceId);
  const dockerHost = findOwnEntry(pools, instanceId, owner).entry?.mapping?.dockerHost;
  return dockerHost === undefined ? { poolContainers } : { poolContainers, dockerHost };
}
