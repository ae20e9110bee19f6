// The tombstones of bots, in memory, one for each incarnation, with the conditions of the real one: a lower epoch changes nothing, nothing
// leads from settled back to closing, and what was withdrawn is not opened again by its saga.

import { FencedError, HoldError } from '../../../packages/saga/src/errors.ts';
import type { Link } from '../../../packages/saga/src/testing/simulation/link.ts';
import type { InstanceId, UserId } from '../../../src/domain/ids.ts';
import { incarnationKey } from '../../../src/domain/incarnation.ts';
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
  readonly instanceId: InstanceId;
  /** Of its incarnation; null: it is the first one's to come. */
  key: string | null;
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

export function createTombstoneWorld(instanceId: InstanceId, nowMs: () => number): TombstoneWorld {
  return { instanceId, key: null, tombstone: null, checksAfterEnd: 0, nextCheckMs: 0, nowMs };
}

/** @param all those of every bot; another incarnation's is added. */
export function tombstonesOver(all: TombstoneWorld[], link: Link): Tombstones {
  const send = <T>(what: string, effect: () => T) =>
    link.call('wallet', `tombstone ${what}`, effect);
  const of = ({ incarnation }: Pick<TombstoneTarget, 'incarnation'>) => {
    const key = incarnationKey(incarnation);
    const ofBot = all.filter(({ instanceId }) => instanceId === incarnation.instanceId);
    const [first] = ofBot;
    if (first === undefined) throw new RangeError(`there is no ${incarnation.instanceId}`);
    const own =
      ofBot.find((one) => (one.key ?? key) === key) ??
      createTombstoneWorld(first.instanceId, first.nowMs);
    if (!ofBot.includes(own)) all.push(own);
    own.key = key;
    return own;
  };
  return {
    ...inertPorts<Tombstones>(),
    open: (command) => send('open', () => open(of(command), command)),
    heldSlots: (userId) => send('held slots', () => heldSlots(all, userId)),
    recordObservedBots: (target, observed) =>
      send('observedBots', () => {
        const world = of(target);
        world.tombstone = { ...own(world, target), ...observed };
      }),
    withdraw: (target) => send('withdraw', () => withdraw(of(target), target)),
    settle: (target) =>
      send('settle', () => {
        const world = of(target);
        const tombstone = own(world, target);
        if (tombstone.status !== 'open') return;
        world.tombstone = { ...tombstone, status: 'settled' };
        world.nextCheckMs = world.nowMs() + RECHECK_MS;
      }),
    end: (target) => send('end', () => end(of(target), target)),
    findForBot: (_, instanceId) =>
      send('find', () =>
        all.flatMap(({ tombstone, instanceId: id }) =>
          id === instanceId && tombstone !== null && isTombstone(tombstone) ? [tombstone] : [],
        ),
      ),
    makeDue: () =>
      send('make due', () => {
        for (const world of all) {
          if (world.tombstone?.status === 'settled') world.nextCheckMs = world.nowMs();
        }
      }),
    takeDue: () => send('take', () => all.flatMap(takeDue)),
    recordCheck: (taken, { gone }) => send('look', () => recordCheck(of(taken), taken, gone)),
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
  if (tombstone === null || tombstone.status === 'withdrawn') {
    if (tombstone?.sagaId === sagaId) throw new FencedError(sagaId, epoch);
    const observed = { observedAtRest: false, openedAt: new Date(world.nowMs()) };
    world.tombstone = { ...command, ...observed, status: 'open', attempts: 0, lastReason: null };
    return { status: 'opened' };
  }
  if (tombstone.status !== 'open') return { status: 'already-settled', sagaId: tombstone.sagaId };
  if (tombstone.sagaId !== sagaId) {
    if (!mayTakeOver.includes(tombstone.sagaId)) {
      return { status: 'other-saga', sagaId: tombstone.sagaId };
    }
    const observed = { observedAtRest: false, openedAt: new Date(world.nowMs()) };
    world.tombstone = { ...command, ...observed, status: 'open', attempts: 0, lastReason: null };
    return { status: 'opened' };
  }
  world.tombstone = own(world, command);
  return { status: 'opened' };
}

function withdraw(world: TombstoneWorld, target: TombstoneTarget): void {
  const { tombstone } = world;
  if (tombstone !== null && isTombstone(tombstone)) {
    if (tombstone.sagaId !== target.sagaId) return;
    if (own(world, target).status !== 'open') {
      throw new HoldError('TOMBSTONE_STATUS', 'it is settled, which does not allow this');
    }
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
