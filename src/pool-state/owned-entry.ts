// This user's part of a bot's entry in the pool state. An entry that names another user is not this bot: it is
// left where it is and reported. One that names this user while its pool, or the pool's name, names another is as
// little: a claim that its own neighbours contradict proves no owner.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';
import type { InstanceId } from '../domain/ids.ts';
import {
  type BotOwner,
  isOwner,
  isPlatformName,
  judgeClaims,
  type OwnerNames,
  uidOfPoolId,
  uidOfPoolName,
} from './ownership.ts';
import {
  type BotMapping,
  findEntry,
  ownValue,
  POOL_ENTRY,
  type Pool,
  type PoolEntry,
  type PoolState,
  takeOutEntry,
} from './pool-state.ts';

const TEXT = Type.String();

/** A slot and port that stay taken until the bot is observed gone. */
export type ReservedSlot = StoredOf<typeof RESERVED_SLOT>;
const RESERVED_SLOT = Type.Object({
  poolId: TEXT,
  containerName: TEXT,
  slotIndex: Type.Number(),
  port: Type.Number(),
  dockerHost: Type.Optional(TEXT),
  /** When it was given to the bot, by its mapping. */
  placedAt: Type.Optional(TEXT),
});

/** Stored as the capture of a step that takes it out. */
export type OwnedEntry = StoredOf<typeof OWNED_ENTRY>;
export const OWNED_ENTRY = Type.Object({
  /** Null: the state has no entry of this bot that is this user's. */
  entry: Type.Union([Type.Null(), POOL_ENTRY]),
  slot: Type.Union([Type.Null(), RESERVED_SLOT]),
  /** Whether another user's entry carries the same id, or one whose owner is in dispute. */
  hasForeign: Type.Boolean(),
});

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

export interface OwnBot {
  readonly instanceId: InstanceId;
  readonly owner: BotOwner;
  /** When the known slot was given to the bot, as in `isPlacedSince`: what it got later is a new bot's, and stays. */
  readonly since: string;
}

type Change = (state: PoolState) => PoolState;

/** The change that takes this user's entry out. Those that stand side by side in a batch are applied as one: each alone
 * would copy the whole state. */
export function takingOut(bot: OwnBot): Change {
  const change: Change = (state) => {
    const entry = entryOfSame(state, bot);
    return entry === null ? state : takeOutEntry(state, bot.instanceId, entry);
  };
  takenOut.set(change, bot);
  return change;
}

/** This user's entry, unless a new bot of the id has it; null: there is none. */
export function entryOfSame(
  state: PoolState,
  { instanceId, owner, since }: OwnBot,
): PoolEntry | null {
  const { entry } = findOwnEntry(state, instanceId, owner);
  return isGivenSince(entry, since) ? null : entry;
}

const takenOut = new WeakMap<Change, OwnBot>();

/** Whose entry the change takes out; undefined: it does something else. */
export function takenOutBy(change: Change): OwnBot | undefined {
  return takenOut.get(change);
}

/** Whether the platform has given the bot a new slot: it does so before it starts a program, and writes the money last.
 * What its memory writes back has the old date; slots of ours name their Docker host.
 * @param since when the known slot was given, by the platform's own clock; else ours. */
export function isPlacedSince(
  state: PoolState,
  instanceId: InstanceId,
  owner: BotOwner,
  since: string,
): boolean {
  return isGivenSince(findOwnEntry(state, instanceId, owner).entry, since);
}

function isGivenSince(entry: PoolEntry | null, since: string): boolean {
  const mapping = entry?.mapping ?? null;
  if (mapping === null || mapping.dockerHost !== undefined) return false;
  return Date.parse(mapping.createdAt) > Date.parse(since);
}

/** Containers that this user's entry names for the bot and which cannot be the platform's by their names. */
export function oddContainersOf(state: PoolState, entry: PoolEntry | null): readonly string[] {
  if (entry === null) return [];
  const pools = entry.memberships.map(({ poolId }) => ownValue(state.pools, poolId)?.containerName);
  const names = [entry.mapping?.containerName, ...pools].filter((name) => name !== undefined);
  return [...new Set(names)].filter((name) => !isPlatformName(name));
}

/** Whether a pool is this user's by every source that names its owner. @param key in `pools`. */
export function ownsPool(owner: OwnerNames, key: string, pool: Pool): boolean {
  return judgeClaims({ names: poolClaims(key, pool) }, owner) === 'mine';
}

/** All users whom a pool names: its row, its container's name, its id. */
export function poolClaims(key: string, { userId, containerName }: Pool): readonly string[] {
  const names = [userId ?? null, uidOfPoolName(containerName), uidOfPoolId(key)];
  return [...new Set(names.filter((name) => name !== null))];
}

/** All users whom a mapping names: its row, its container's name, and its pool. */
export function mappingClaims(state: PoolState, mapping: BotMapping): readonly string[] {
  const { userId, containerName, poolId } = mapping;
  const pool = ownValue(state.pools, poolId);
  const byPool = pool === undefined ? [uidOfPoolId(poolId)] : poolClaims(poolId, pool);
  const names = [userId, uidOfPoolName(containerName), ...byPool];
  return [...new Set(names.filter((name) => name !== null))];
}

function ownPart(state: PoolState, entry: PoolEntry, owner: BotOwner): PoolEntry {
  const { mapping, memberships } = entry;
  const isMine = mapping !== null && isOwner(owner, mapping.userId);
  const own = isMine && judgeClaims({ names: mappingClaims(state, mapping) }, owner) === 'mine';
  return {
    mapping: own ? mapping : null,
    memberships: memberships.filter(({ poolId }) => {
      const pool = ownValue(state.pools, poolId);
      if (pool === undefined) return false;
      const judged = judgeClaims({ names: poolClaims(poolId, pool) }, owner);
      // A pool without an owner of its own holds many users' bots: the mapping names this one's owner.
      return judged === 'mine' || (judged === 'undecided' && own);
    }),
  };
}

function slotOf({ mapping }: PoolEntry): ReservedSlot | null {
  if (mapping === null) return null;
  const { poolId, containerName, slotIndex, port, dockerHost, createdAt: placedAt } = mapping;
  const slot = { poolId, containerName, slotIndex, port, placedAt };
  return dockerHost === undefined ? slot : { ...slot, dockerHost };
}
