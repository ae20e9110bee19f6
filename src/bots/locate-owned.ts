// Searches one bot in Docker and keeps apart what is this user's and what is not. I4: an unknown answer
// stays unknown, it is never read as "nothing there"; but a host that is away hides its own bots alone: where
// another one shows the bot, that is where it is.

import { isAtRest, type ObservedBot } from '../domain/bot.ts';
import type { InstanceId } from '../domain/ids.ts';
import { ok, type SourceAnswer, unknown } from '../domain/source.ts';
import { findOwnEntry, type OwnedEntry, oddContainersOf } from '../pool-state/owned-entry.ts';
import {
  type BotOwner,
  isOwner,
  judgeOwner,
  type Ownership,
  prefixCandidates,
  uidOfPoolName,
} from '../pool-state/ownership.ts';
import { type PoolState, poolContainersOf } from '../pool-state/pool-state.ts';
import type { PoolScope } from '../pool-state/pool-states.ts';
import type { Wallets } from '../wallet/wallets.ts';
import type { Bots, BotsCall } from './bots.ts';
import type { HostExpectations } from './hosts/host-expectations.ts';

export interface OwnedBots {
  readonly mine: readonly ObservedBot[];
  /** Names of containers with this id that are another user's, or of no known owner. */
  readonly foreign: readonly string[];
  /** Those of them without a known owner, or whose owner is in dispute: evidence of nothing, for any user (I4). */
  readonly unowned: readonly string[];
  /** Why hosts that may hold more of it did not answer: who wants to say that this is all has to ask them again. */
  readonly unobserved: readonly string[];
  /** Why hosts that answered with nothing of it are not believed; asked only where nothing of it was found (I4). */
  readonly disbelieved: readonly string[];
}

export interface LocateOrder {
  readonly owner: BotOwner;
  readonly instanceId: InstanceId;
  /** Whether this user's wallet holds an allocation of this id; asked only where nothing else decides. */
  readonly holdsAllocation: () => Promise<boolean>;
  /** What it says of `aboutBotOf` at least. Null: it is unknown; the owner's pools are then found by their names. */
  readonly pools: PoolState | null;
  /** The only host that is asked; default: by the owner's mapping, else all. */
  readonly dockerHost?: string;
  /** Whether this bot is known to have had money, whatever the wallet says now. */
  readonly hadMoney?: boolean;
  readonly call: BotsCall;
}

export interface LocatePorts {
  readonly bots: Bots;
  readonly wallets: Wallets;
  readonly hostExpectations: HostExpectations;
}

/** What the pool state has to say for an observation: of the bot, and of the containers that may hold it. */
export function aboutBotOf({ firebaseUid }: BotOwner, instanceId: InstanceId): PoolScope {
  return { bots: [instanceId], users: firebaseUid === null ? [] : [firebaseUid] };
}

/** `ok` without anything that is mine is positive evidence of absence: every host that may hold it answered. */
export async function locateOwned(
  { bots, wallets, hostExpectations }: LocatePorts,
  order: LocateOrder,
): Promise<SourceAnswer<OwnedBots>> {
  const { owner, instanceId, pools, call } = order;
  const { firebaseUid } = owner;
  const { poolContainers, dockerHost: mapped } = hintsOf(pools, instanceId, owner);
  const { dockerHost = mapped } = order;
  const query = { instanceId, firebaseUid, userId: owner.userId, poolContainers };
  const answer = await bots.locate(
    dockerHost === undefined ? query : { ...query, dockerHost },
    call,
  );
  const observedBots = answer.status === 'ok' ? answer.items : answer.found;
  const mine: ObservedBot[] = [];
  const foreign: string[] = [];
  const unowned: string[] = [];
  for (const observedBot of observedBots) {
    const judged = await judge(wallets, observedBot, order);
    if (judged === 'mine') mine.push(observedBot);
    else foreign.push(observedBot.containerName);
    if (judged === 'undecided' || judged === 'disputed') unowned.push(observedBot.containerName);
  }
  // Its own entry places it in another user's container, which is not asked.
  const odd = oddIn(pools, instanceId, owner).filter((name) => !mine.some(isIn(name)));
  foreign.push(...odd);
  unowned.push(...odd);
  if (answer.status === 'ok') {
    const sought = { dockerHost, pools, hadMoney: order.hadMoney ?? false };
    const disbelieved = mine.length > 0 ? [] : await hostExpectations.doubts(sought, call);
    return ok({ mine, foreign, unowned, unobserved: [], disbelieved }, answer.observedAt);
  }
  const { reason, observedAt } = answer;
  if (!mine.some(isHere)) return unknown(reason);
  return ok({ mine, foreign, unowned, unobserved: [reason], disbelieved: [] }, observedAt);
}

// What a deletion has put aside says nothing of where the bot lives now; a bot that was stopped by hand does.
function isHere(observedBot: ObservedBot): boolean {
  return (
    observedBot.kind === 'dedicated' || observedBot.conf === 'present' || !isAtRest(observedBot)
  );
}

function oddIn(pools: PoolState | null, instanceId: InstanceId, owner: BotOwner) {
  return pools === null ? [] : oddContainersOf(pools, findOwnEntry(pools, instanceId, owner).entry);
}

const isIn = (name: string) => (observedBot: ObservedBot) => observedBot.containerName === name;

// A label was written with the container. Everything else is weighed against the wallets: a user who holds no allocation
// of the id owns nothing that another's wallet pays for, and what other sources give to a user without money has no other
// owner while this user's wallet is the only one that pays for it.
async function judge(
  wallets: Wallets,
  observedBot: ObservedBot,
  { owner, instanceId, holdsAllocation, pools }: LocateOrder,
): Promise<Ownership> {
  const judged = judgeOwner(observedBot, instanceId, owner, pools);
  const { labels } = observedBot;
  // A label alone proves nothing, and permits no one to touch the container; but it may be the bot (I4).
  if (observedBot.kind === 'dedicated' && observedBot.byLabelAlone === true) {
    return judged === 'foreign' ? judged : 'disputed';
  }
  if (labels.userId !== undefined) return judged;
  const holds = await holdsAllocation();
  if (judged === 'undecided') return judgeByWallets(wallets, owner, instanceId, holds);
  if (labels.instanceId !== undefined && labels.instanceId !== instanceId) return judged;
  if (judged === 'mine' && holds) return judged;
  if (judged === 'foreign' && !holds) return judged;
  const others = await wallets.otherHolders(owner.userId, instanceId);
  if (judged === 'mine') return others.length === 0 ? judged : 'disputed';
  if (judged === 'foreign' && others.length > 0) return judged;
  return holds && (await hasItsName(wallets, observedBot, owner, instanceId)) ? 'mine' : 'disputed';
}

// What no writer of the pool state can change: the pool's own name, or, for a container of its own, the bot's id.
async function hasItsName(
  wallets: Wallets,
  { kind, containerName }: ObservedBot,
  owner: BotOwner,
  instanceId: InstanceId,
): Promise<boolean> {
  const named =
    kind === 'pooled' ? uidOfPoolName(containerName) : await longestUid(wallets, instanceId);
  return typeof named === 'string' && isOwner(owner, named);
}

async function longestUid(
  wallets: Pick<Wallets, 'existingFirebaseUids'>,
  instanceId: InstanceId,
): Promise<string | undefined> {
  const existing = await wallets.existingFirebaseUids(prefixCandidates(instanceId));
  return prefixCandidates(instanceId).find((candidate) => existing.has(candidate));
}

/** Neither label nor mapping nor pool names an owner: the one user who holds such an allocation, else the
 * longest firebaseUid that the id begins with. */
export async function judgeByWallets(
  wallets: Pick<Wallets, 'otherHolders' | 'existingFirebaseUids'>,
  { userId, firebaseUid }: BotOwner,
  instanceId: InstanceId,
  holdsAllocation: boolean,
): Promise<Ownership> {
  const others = await wallets.otherHolders(userId, instanceId);
  const holders = others.length + (holdsAllocation ? 1 : 0);
  if (holders === 1) return holdsAllocation ? 'mine' : 'foreign';
  const longest = await longestUid(wallets, instanceId);
  if (longest === undefined) return 'undecided';
  return longest === firebaseUid ? 'mine' : 'foreign';
}

// Only this user's mapping may narrow the search to one host: another user's bot of the same id lives elsewhere.
function hintsOf(pools: PoolState | null, instanceId: InstanceId, owner: BotOwner) {
  if (pools === null) return { poolContainers: [], dockerHost: undefined };
  const poolContainers = poolContainersOf(pools, instanceId);
  const dockerHost = findOwnEntry(pools, instanceId, owner).entry?.mapping?.dockerHost;
  return { poolContainers, dockerHost };
}

/** This user's entry, unless their wallet holds no such bot and another's does: what the pool state alone says is then
 * contradicted, and the entry must not be touched. */
export async function findEntryOf(
  wallets: Pick<Wallets, 'otherHolders'>,
  state: PoolState,
  {
    owner,
    instanceId,
    holdsAllocation,
  }: Pick<LocateOrder, 'owner' | 'instanceId' | 'holdsAllocation'>,
): Promise<OwnedEntry> {
  const own = findOwnEntry(state, instanceId, owner);
  if (own.entry === null || (await holdsAllocation())) return own;
  const others = await wallets.otherHolders(owner.userId, instanceId);
  return others.length === 0 ? own : { entry: null, slot: null, hasForeign: true };
}
