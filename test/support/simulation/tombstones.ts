// The tombstone of one bot, in memory, with the conditions of the real one: a lower epoch changes nothing, nothing
// leads from settled back to closing, and what was withdrawn is not opened again by its saga.

import { FencedError, HoldError } from '../../../packages/saga/src/errors.ts';
import type { Link } from '../../../packages/saga/src/testing/simulation/link.ts';
import type { UserId } from '../../../src/domain/ids.ts';
import type { HeldSlot } from '../../../src/pool-state/pool-slots.ts';
import {
  NOTHING_OBSERVED,
  type OpenResult,
  type OpenTombstone,
  type Tombstone,
  type Tombstones,
  type TombstoneTarget,
} from '../../../src/tombstones/tombstones.ts';
import { inertPorts } from '../inert-ports.ts';

export interface TombstoneWorld {
  /** `withdrawn`: there is none any more. */
  tombstone: (Omit<Tombstone, 'status'> & { readonly status: Status }) | null;
  checksAfterEnd: number;
  nextCheckMs: number;
  readonly nowMs: () => number;
}

type Status = Tombstone['status'] | 'withdrawn';

const RECHECK_MS = 5_000;
/** After the end, and a second time after that. */
const CHECKS_AFTER_MS = [60_000, 540_000];

export function createTombstoneWorld(nowMs: () => number): TombstoneWorld {
  return { tombstone: null, checksAfterEnd: 0, nextCheckMs: 0, nowMs };
}

/** @param all those of every bot of the simulation. */
export function tombstonesOver(
  world: TombstoneWorld,
  all: readonly TombstoneWorld[],
  link: Link,
): Tombstones {
  const send = <T>(what: string, effect: () => T) =>
    link.call('wallet', `tombstone ${what}`, effect);
  return {
    ...inertPorts<Tombstones>(),
    open: (command) => send('open', () => open(world, command)),
    heldSlots: (userId) => send('held slots', () => heldSlots(all, userId)),
    recordObservedBots: (target, observed) =>
      send('observedBots', () => {
        world.tombstone = { ...own(world, target), ...observed };
      }),
    withdraw: (target) => send('withdraw', () => withdraw(world, target)),
    settle: (target) =>
      send('settle', () => {
        const tombstone = own(world, target);
        if (tombstone.status !== 'open') return;
        world.tombstone = { ...tombstone, status: 'settled' };
        world.nextCheckMs = world.nowMs() + RECHECK_MS;
      }),
    end: (target) => send('end', () => end(world, target)),
    takeDue: () => send('take', () => takeDue(world)),
    recordCheck: (taken, { gone }) => send('look', () => recordCheck(world, taken, gone)),
  };
}

function heldSlots(all: readonly TombstoneWorld[], userId: UserId): readonly HeldSlot[] {
  return all.flatMap(({ tombstone }) => {
    if (tombstone === null || tombstone.slot === null) return [];
    const { incarnation, slot, status } = tombstone;
    const isHeld = incarnation.userId === userId && (status === 'open' || status === 'settled');
    return isHeld ? [{ instanceId: incarnation.instanceId, slot }] : [];
  });
}

function own(world: TombstoneWorld, { sagaId, epoch }: TombstoneTarget): Tombstone {
  const { tombstone } = world;
  if (tombstone === null || !isTombstone(tombstone)) {
    throw new HoldError('TOMBSTONE_MISSING', 'there is no tombstone any more');
  }
  if (tombstone.sagaId === sagaId && tombstone.epoch <= epoch) return { ...tombstone, epoch };
  throw new FencedError(sagaId, epoch);
}

function isTombstone(found: { readonly status: Status }): found is Tombstone {
  return found.status !== 'withdrawn';
}

function open(world: TombstoneWorld, { mayTakeOver, ...command }: OpenTombstone): OpenResult {
  const { sagaId, epoch } = command;
  const { tombstone } = world;
  if (tombstone === null) {
    const observed = { observedAtRest: false, openedAt: new Date(world.nowMs()) };
    world.tombstone = { ...command, ...observed, status: 'open', attempts: 0, lastReason: null };
    return { status: 'opened' };
  }
  if (tombstone.status === 'withdrawn') throw new FencedError(sagaId, epoch);
  if (tombstone.status !== 'open') return { status: 'already-settled', sagaId };
  world.tombstone = own(world, command);
  return { status: 'opened' };
}

function withdraw(world: TombstoneWorld, target: TombstoneTarget): void {
  const { tombstone } = world;
  if (tombstone?.status === 'withdrawn') return;
  if (tombstone !== null && own(world, target).status !== 'open') {
    throw new HoldError('TOMBSTONE_STATUS', 'it is settled, which does not allow this');
  }
  const nothing = { firebaseUid: null, ...NOTHING_OBSERVED, slot: null, hadAllocation: false };
  const observed = { observedAtRest: false, openedAt: new Date(world.nowMs()) };
  const withdrawn = { ...target, ...nothing, ...observed, attempts: 0, lastReason: null };
  world.tombstone = { ...withdrawn, status: 'withdrawn' };
}

function end(world: TombstoneWorld, target: TombstoneTarget): void {
  const tombstone = own(world, target);
  if (tombstone.status === 'open') {
    throw new HoldError('TOMBSTONE_STATUS', 'it is closing, which does not allow this');
  }
  if (tombstone.status === 'ended') return;
  world.tombstone = { ...tombstone, status: 'ended' };
  world.checksAfterEnd = 0;
  world.nextCheckMs = world.nowMs() + (CHECKS_AFTER_MS[0] ?? 0);
}

function takeDue(world: TombstoneWorld): readonly Tombstone[] {
  const { tombstone } = world;
  if (tombstone === null || !isTombstone(tombstone) || tombstone.status === 'open') return [];
  const isOver = tombstone.status === 'ended' && world.checksAfterEnd >= CHECKS_AFTER_MS.length;
  if (isOver || world.nowMs() < world.nextCheckMs) return [];
  world.nextCheckMs = world.nowMs() + RECHECK_MS;
  return [tombstone];
}

function recordCheck(world: TombstoneWorld, taken: Tombstone, isGone: boolean): void {
  const tombstone = own(world, taken);
  if (!isGone) {
    world.tombstone = { ...tombstone, status: 'settled' };
    world.nextCheckMs = world.nowMs() + RECHECK_MS;
    return;
  }
  if (taken.status !== tombstone.status) return;
  if (taken.status === 'settled') {
    end(world, taken);
    return;
  }
  world.checksAfterEnd += 1;
  world.nextCheckMs = world.nowMs() + (CHECKS_AFTER_MS[world.checksAfterEnd] ?? 0);
}
