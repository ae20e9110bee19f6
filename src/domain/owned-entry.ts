// This user's part of what the pool state says of a bot. An entry that names another user is not this bot:
// it is left where it is and reported.

import { type BotOwner, isOwner } from './identity.ts';
import type { InstanceId } from './ids.ts';
import { findEntry, type PoolEntry, type PoolState, takeOutEntry } from './pool-state.ts';

/** A slot and port that stay taken until the bot is observed gone. */
export interface ReservedSlot {
  readonly poolId: string;
  readonly containerName: string;
  readonly slotIndex: number;
  readonly port: number;
  readonly dockerHost?: string;
}

export interface OwnedEntry {
  /** Null: the state has no entry of this bot that is this user's. */
  readonly entry: PoolEntry | null;
  readonly slot: ReservedSlot | null;
  /** Whether somebody else's entry carries the same id. */
  readonly hasForeign: boolean;
}

export function findOwnEntry(
  state: PoolState,
  instanceId: InstanceId,
  owner: BotOwner,
): OwnedEntry {
  const all = findEntry(state, instanceId);
  if (all === null) return { entry: null, slot: null, hasForeign: false };
  const mine = ownPart(state, all, owner);
  const hasForeign =
    mine.memberships.length < all.memberships.length ||
    (mine.mapping === null) !== (all.mapping === null);
  const isEmpty = mine.mapping === null && mine.memberships.length === 0;
  return { entry: isEmpty ? null : mine, slot: slotOf(mine), hasForeign };
}

/** The state without this user's entry; the same object when there is none. */
export function takeOutOwn(state: PoolState, instanceId: InstanceId, owner: BotOwner): PoolState {
  const { entry } = findOwnEntry(state, instanceId, owner);
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

function slotOf({ mapping }: PoolEntry): ReservedSlot | null {
  if (mapping === null) return null;
  const { poolId, containerName, slotIndex, port, dockerHost } = mapping;
  const slot = { poolId, containerName, slotIndex, port };
  return dockerHost === undefined ? slot : { ...slot, dockerHost };
}
