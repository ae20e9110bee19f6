// Whose container is it? A container or program of the right id is this user's bot only if its label says
// so, else its mapping, else its pool, else the one user who holds an allocation of that id, else the
// firebaseUid that is the longest prefix `<uid>-bot-`. What belongs to somebody else, or to nobody who is
// known, is not this bot: nothing of it is touched.

import type { Sighting } from './bot.ts';
import type { FirebaseUid, InstanceId, UserId } from './ids.ts';
import { findPool, type PoolState } from './pool-state.ts';

export interface BotOwner {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
}

export type Ownership = 'mine' | 'foreign' | 'undecided';

/** Decides by label, mapping and pool; `undecided` where none of them says anything. `pools` is null when
 * the pool state is unknown: then only labels and names speak. */
export function judgeOwner(
  sighting: Sighting,
  instanceId: InstanceId,
  owner: BotOwner,
  pools: PoolState | null,
): Ownership {
  const { labels } = sighting;
  if (labels.instanceId !== undefined && labels.instanceId !== instanceId) return 'foreign';
  const named = ownerName(sighting, instanceId, pools);
  if (named === undefined) return 'undecided';
  return isOwner(owner, named) ? 'mine' : 'foreign';
}

/** Who a container or program belongs to, by label, mapping or pool: a user's `_id` or firebaseUid.
 * Undefined where none of them says. */
export function ownerName(
  sighting: Sighting,
  instanceId: InstanceId,
  pools: PoolState | null,
): string | undefined {
  return (
    sighting.labels.userId ?? mappedOwner(sighting, instanceId, pools) ?? poolOwner(sighting, pools)
  );
}

/** A user is named by `_id` or firebaseUid: the platform's tools have written both. */
export function isOwner({ userId, firebaseUid }: BotOwner, name: string): boolean {
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
  { containerName }: Sighting,
  instanceId: InstanceId,
  pools: PoolState | null,
): string | undefined {
  if (pools === null || !Object.hasOwn(pools.botMapping, instanceId)) return undefined;
  const mapping = pools.botMapping[instanceId];
  return mapping?.containerName === containerName ? mapping.userId : undefined;
}

function poolOwner(sighting: Sighting, pools: PoolState | null): string | undefined {
  return sighting.kind === 'pooled' ? ownerOfPool(sighting, pools) : undefined;
}

const POOL_NAME = /^freqtrade-pool-(.+)-pool-\d+$/;

/** What the names of all containers begin with that `ownerOfPool` gives to this user by their name. */
export function poolNamePrefix(firebaseUid: string): string {
  return `freqtrade-pool-${firebaseUid}-pool-`;
}

/** Whose pool it is: by the pool state, else by its name. Undefined: nobody who is known. */
export function ownerOfPool(
  { containerName, labels }: Pick<Sighting, 'containerName' | 'labels'>,
  pools: PoolState | null,
): string | undefined {
  const listed = pools === null ? undefined : findPool(pools, containerName, labels.poolId);
  return listed?.userId ?? POOL_NAME.exec(containerName)?.[1];
}
