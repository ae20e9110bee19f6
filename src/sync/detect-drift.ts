// What the three sources say of a user's bots, bot by bot, and the verdict on each. Pure: it judges one snapshot
// and asks no source. I4: whatever a source could not say stays unknown, with the reason.

import { type InstanceId, parseInstanceId } from '../domain/ids.ts';
import {
  judgePresence,
  type Presence,
  type PresenceAnswer,
  type Verdict,
} from '../domain/presence.ts';
import type { SourceAnswer } from '../domain/source.ts';
import { findOwnEntry, type OwnedEntry, oddContainersOf } from '../pool-state/owned-entry.ts';
import { type BotOwner, isOwner, judgeClaims } from '../pool-state/ownership.ts';
import { listedBots, type PoolState, poolContainersOf } from '../pool-state/pool-state.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';
import type { DockerView, FoundBot } from './docker-view.ts';

/** The pool state and Docker at one moment. */
export interface SourcesView {
  readonly pools: SourceAnswer<PoolState>;
  readonly docker: DockerView;
}

export interface BotDrift {
  readonly instanceId: InstanceId;
  readonly verdict: Verdict;
  readonly presence: Presence;
  /** This user's entry in the pool state; null where it has none or is unknown. */
  readonly entry: OwnedEntry['entry'];
  /** This user's containers and programs of this id. */
  readonly found: readonly FoundBot[];
  /** The same id in another user's name: never touched, and reported to a person. */
  readonly conflicts: readonly string[];
  /** Why a source could not say; null: it could. */
  readonly doubts: { readonly poolState: string | null; readonly docker: string | null };
}

/** Among the places of a conflict: no container can have this name. */
export const POOL_STATE = 'pool state';

/** Every bot that any source knows as this user's, once, ordered by its id.
 * @param named `ownedByName`. */
export function detectDrift(
  sources: SourcesView,
  owner: BotOwner,
  allocations: readonly InstanceId[],
  named: ReadonlySet<string>,
): readonly BotDrift[] {
  const allocated = new Set(allocations);
  const ids = new Set([
    ...allocated,
    ...ownEntries(sources.pools, owner),
    ...ownContainers(sources.docker, owner, named),
  ]);
  return [...ids].sort().map((id) => judgeBot(sources, owner, id, allocated.has(id), named));
}

const NONE: ReadonlySet<string> = new Set();

/** @param named matters where there is no allocation, and something of the id is there. */
export function judgeBot(
  { pools: state, docker }: SourcesView,
  owner: BotOwner,
  instanceId: InstanceId,
  hasAllocation: boolean,
  named: ReadonlySet<string> = NONE,
): BotDrift {
  const pools = forBot(state, instanceId);
  const owned = pools.status === 'ok' ? findOwnEntry(pools.items, instanceId, owner) : null;
  const all = docker.find(instanceId);
  const isOwn = hasAllocation || named.has(instanceId);
  const found = all.filter((bot) => isTheirs(bot, owner, { hasAllocation, isOwn }));
  const poolContainers = pools.status === 'ok' ? poolContainersOf(pools.items, instanceId) : [];
  const dockerHost = owned?.entry?.mapping?.dockerHost;
  const odd = pools.status === 'ok' ? oddContainersOf(pools.items, owned?.entry ?? null) : [];
  const doubt =
    found.length > 0
      ? null
      : (docker.doubt({ instanceId, owner, dockerHost, poolContainers }) ??
        disputeOf(all, owner, hasAllocation) ??
        oddDoubt(odd));
  const presence = {
    hasAllocation,
    poolState: inPools(owned),
    docker: inDocker(found, doubt),
    isDedicated: found.some(({ kind }) => kind === 'dedicated'),
  };
  return {
    instanceId,
    verdict: judgePresence(presence),
    presence,
    entry: owned?.entry ?? null,
    found,
    conflicts: [...conflictsOf(all, found, owned), ...odd],
    doubts: { poolState: pools.status === 'unknown' ? pools.reason : null, docker: doubt },
  };
}

function inPools(owned: OwnedEntry | null): PresenceAnswer {
  if (owned === null) return 'unknown';
  return owned.entry === null ? 'no' : 'yes';
}

function inDocker(found: readonly FoundBot[], doubt: string | null): PresenceAnswer {
  if (found.length > 0) return 'yes';
  return doubt === null ? 'no' : 'unknown';
}

// What nothing but its name speaks for belongs to the user who holds the allocation, else to the one whom the wallets
// name (`ownedByName`); what is in dispute, to the user whose wallet and whose pool's own name agree. The second
// observation, and the deletion, are held to the full rule.
function isTheirs(
  { claims }: FoundBot,
  owner: BotOwner,
  { hasAllocation, isOwn }: { readonly hasAllocation: boolean; readonly isOwn: boolean },
): boolean {
  switch (judgeClaims(claims, owner)) {
    case 'mine':
      return true;
    case 'foreign':
      return false;
    case 'undecided':
      return isOwn;
    case 'disputed':
      return hasAllocation && claims.place !== null && isOwner(owner, claims.place);
  }
}

// Money is not paid back while something stands there whose owner is not known (I4).
function disputeOf(all: readonly FoundBot[], owner: BotOwner, hasAllocation: boolean) {
  if (!hasAllocation) return null;
  const isDisputed = all.some(({ claims }) => judgeClaims(claims, owner) === 'disputed');
  return isDisputed ? 'a bot of this id stands there, and its owner is in dispute' : null;
}

function oddDoubt([name]: readonly string[]): string | null {
  return name === undefined
    ? null
    : `the pool state places it in "${name}", which is no container of the platform`;
}

function conflictsOf(
  all: readonly FoundBot[],
  mine: readonly FoundBot[],
  owned: OwnedEntry | null,
): readonly string[] {
  const foreign = all.filter((bot) => !mine.includes(bot) && bot.claims.names.length > 0);
  const entry = owned?.hasForeign === true ? [POOL_STATE] : [];
  return [...foreign.map(({ containerName }) => containerName), ...entry];
}

function ownEntries(pools: SourceAnswer<PoolState>, owner: BotOwner): readonly InstanceId[] {
  if (pools.status === 'unknown') return [];
  return listedBots(pools.items).flatMap((id) => {
    const instanceId = parseInstanceId(id);
    if (instanceId === undefined) return [];
    return findOwnEntry(pools.items, instanceId, owner).entry === null ? [] : [instanceId];
  });
}

function ownContainers(
  docker: DockerView,
  owner: BotOwner,
  named: ReadonlySet<string>,
): readonly InstanceId[] {
  const ids: InstanceId[] = [];
  for (const [id, found] of docker.all()) {
    const instanceId = parseInstanceId(id);
    if (instanceId === undefined) continue;
    const held = { hasAllocation: false, isOwn: named.has(instanceId) };
    if (found.some((bot) => isTheirs(bot, owner, held))) ids.push(instanceId);
  }
  return ids;
}
