// Whose container is it? A container or program of the right id is this user's bot only if its label proves
// so, else its mapping, else its pool, else the one user who holds an allocation of that id, else the
// firebaseUid that is the longest prefix `<uid>-bot-`. What belongs to another user, or to no user who is
// known, is not this bot: nothing of it is touched.
// A label is written by the maker of the container. Mapping and pool are claims of a file that others write too: a
// claim that another source contradicts proves nothing for its claimant, and the bot has no owner until a person has
// decided.

import type { ObservedBot } from '../domain/bot.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import { findPools, ownValue, type PoolState } from './pool-state.ts';

export interface BotOwner {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
}

export interface BotOfOwner extends BotOwner {
  readonly instanceId: InstanceId;
}

/** What a user is called in claims: by either name, where both are known. */
export type OwnerNames = Pick<BotOwner, 'firebaseUid'> & { readonly userId: UserId | null };

/** `disputed`: some sources name this user, others another. */
export type Ownership = 'mine' | 'foreign' | 'undecided' | 'disputed';

/** The claimed owners of a container or program, by all sources that name one. */
export interface OwnerClaims {
  /** Users' `_id`s or firebaseUids, each once. */
  readonly names: readonly string[];
  /** The uid in the container's own name, which no writer of the pool state can change; null: it has none. */
  readonly place: string | null;
  /** Whether a label claims it: then it was written when the container was made. */
  readonly isLabelled: boolean;
}

/** Decides by label, mapping and pool; `undecided` where none of them names an owner. `pools` is null when
 * the pool state is unknown: then only labels and names speak. */
export function judgeOwner(
  observedBot: ObservedBot,
  instanceId: InstanceId,
  owner: BotOwner,
  pools: PoolState | null,
): Ownership {
  const { labels } = observedBot;
  if (labels.instanceId !== undefined && labels.instanceId !== instanceId) return 'foreign';
  return judgeClaims(claimsOn(observedBot, instanceId, pools), owner);
}

export function judgeClaims({ names }: Pick<OwnerClaims, 'names'>, owner: OwnerNames): Ownership {
  if (names.length === 0) return 'undecided';
  const mine = names.filter((name) => isOwner(owner, name));
  if (mine.length === 0) return 'foreign';
  return mine.length === names.length ? 'mine' : 'disputed';
}

/** The owners that label, mapping and pool name for a container or program. */
export function claimsOn(
  observedBot: ObservedBot,
  instanceId: InstanceId,
  pools: PoolState | null,
): OwnerClaims {
  const { labels, containerName, kind } = observedBot;
  const place = kind === 'pooled' ? uidOfPoolName(containerName) : null;
  if (labels.userId !== undefined) return { names: [labels.userId], place, isLabelled: true };
  const names = [
    ...mappedOwner(containerName, instanceId, pools),
    ...(kind === 'pooled' ? ownersOfPool(observedBot, pools) : []),
  ];
  return { names: [...new Set(names)], place, isLabelled: false };
}

/** A user is named by `_id` or firebaseUid: the platform's tools have written both. */
export function isOwner({ userId, firebaseUid }: OwnerNames, name: string): boolean {
  return name === userId || (firebaseUid !== null && name === firebaseUid);
}

/** The firebaseUids that the id may begin with, longest first: `a-bot-b-bot-1` → `a-bot-b`, `a`. */
export function prefixCandidates(instanceId: InstanceId): readonly string[] {
  const candidates: string[] = [];
  for (let end = instanceId.lastIndexOf('-bot-'); end > 0; ) {
    candidates.push(instanceId.slice(0, end));
    end = instanceId.lastIndexOf('-bot-', end - 1);
  }
  return candidates;
}

function mappedOwner(
  containerName: string,
  instanceId: InstanceId,
  pools: PoolState | null,
): readonly string[] {
  const mapping = pools === null ? undefined : ownValue(pools.botMapping, instanceId);
  return mapping?.containerName === containerName ? [mapping.userId] : [];
}

/** Whose pool a container is by its name; null for a name that is not of the platform's form. */
export function uidOfPoolName(containerName: string): string | null {
  const prefix = 'freqtrade-pool-';
  return containerName.startsWith(prefix) ? uidOfPoolId(containerName.slice(prefix.length)) : null;
}

/** Whose pool it is by its id. */
export function uidOfPoolId(poolId: string): string | null {
  const lock = '-pool-';
  const end = poolId.lastIndexOf(lock);
  return end > 0 && /^\d+$/.test(poolId.slice(end + lock.length)) ? poolId.slice(0, end) : null;
}

/** Whether a container of this name can be one of the platform's; any other is a foreign one, regardless of what the
 * pool state calls it. */
export function isPlatformName(containerName: string): boolean {
  return containerName.startsWith('freqtrade-');
}

/** What the names of all containers begin with that `ownersOfPool` gives to this user by their name. */
export function poolNamePrefix(firebaseUid: string): string {
  return `freqtrade-pool-${firebaseUid}-pool-`;
}

/** The claimed owners of a pool: by the pool state, and by its name. Empty: no known user. */
export function ownersOfPool(
  { containerName, labels }: Pick<ObservedBot, 'containerName' | 'labels'>,
  pools: PoolState | null,
): readonly string[] {
  const listed = pools === null ? [] : findPools(pools, containerName, labels.poolId);
  const byName = uidOfPoolName(containerName);
  return [
    ...new Set([
      ...listed.flatMap(({ userId }) => userId ?? []),
      ...(byName === null ? [] : [byName]),
    ]),
  ];
}
