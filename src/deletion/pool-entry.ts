// This user's part of what the pool state says of a bot. An entry that names another user is not this bot:
// it is left where it is and reported.

import { findEntry, type PoolEntry, type PoolState, takeOutEntry } from '../domain/pool-state.ts';
import type { InstanceId } from '../domain/ids.ts';
import type { PoolCapture } from './captures.ts';
import { type BotOwner, isOwner } from './identity.ts';
import type { ReservedSlot } from './ports/tombstones.ts';

export function capturePoolEntry(
  state: PoolState,
  instanceId: InstanceId,
  owner: BotOwner,
): PoolCapture {
  const all = findEntry(state, instanceId);
  if (all === null) return { entry: null, slot: null, hasForeign: false };
  const mine = ownPart(state, all, owner);
  const hasForeign =
    mine.memberships.length < all.memberships.length || (mine.mapping === null) !== (all.mapping === null);
  const isEmpty = mine.mapping === null && mine.memberships.length === 0;
  return { entry: isEmpty ? null : mine, slot: slotOf(mine), hasForeign };
}

/** The state without this user's entry; the same object when there is none. */
export function takeOutOwn(state: PoolState, instanceId: InstanceId, owner: BotOwner): PoolState {
  const { entry } = capturePoolEntry(state, instanceId, owner);
  return entry === null ? state : takeOutEntry(state, instanceId, entry);
}

function ownPart(state: PoolState, entry: PoolEntry, owner: BotOwner): PoolEntry {
  const { mapping, memberships } = entry;
  return {
    mapping: mapping !== null && isOwner(owner, mapping.userId) ? mapping : null,
    memberships: memberships.filter(({ poolId }) => {
      const pool = state.pools[poolId];
      return pool !== undefined && isOwner(owner, pool.userId);
    }),
  };
}

// Slot and port stay taken until the bot is observed gone: the tombstone remembers them.
function slotOf({ mapping }: PoolEntry): ReservedSlot | null {
  if (mapping === null) return null;
  const { poolId, containerName, slotIndex, port, dockerHost } = mapping;
  const slot = { poolId, containerName, slotIndex, port };
  return dockerHost === undefined ? slot : { ...slot, dockerHost };
}
