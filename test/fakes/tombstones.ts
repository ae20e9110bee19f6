// The tombstones of bots, in memory, one for each incarnation (contracts/tombstones.ts): a lower epoch changes nothing,
// nothing leads from settled back to open, and what was withdrawn is not opened again by its saga.

import { FencedError, HoldError } from '../../packages/saga/src/errors.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import type { InstanceId } from '../../src/domain/ids.ts';
import { incarnationKey } from '../../src/domain/incarnation.ts';
import { endedOf } from '../../src/tombstones/ended-bots.ts';
import {
  MAX_ASKED,
  type OpenResult,
  type OpenTombstone,
  type Tombstone,
  type Tombstones,
  type TombstoneTarget,
} from '../../src/tombstones/tombstones.ts';

export interface MemoryTombstones extends Tombstones {
  /** Of its incarnations, in the order in which they were first written; a withdrawn one leaves its saga's name. */
  statusesOf(instanceId: InstanceId): readonly Stored['status'][];
}

type Stored = Kept | (TombstoneTarget & { readonly status: 'withdrawn' });

interface Kept extends Pick<Tombstone, 'incarnation' | 'sagaId' | 'epoch' | 'status'> {
  readonly tombstone: Tombstone;
  /** Null: it is not due any more, or not yet. */
  readonly nextCheckMs: number | null;
  readonly heldUntilMs: number | null;
  readonly endedAtMs: number | null;
  readonly checksAfterEnd: number;
}

/** The saga's own last step has its chance first. */
const SAGA_FIRST_MS = 3_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const FIRST_CHECK_MS = 60_000;
const LAST_CHECK_MS = 600_000;

export function createMemoryTombstones(nowMs: () => number): MemoryTombstones {
  const stored = new Map<string, Stored>();
  /** `<incarnation's key> <saga>`: what opens none any more. */
  const withdrawn = new Set<string>();
  const nameOf = ({ incarnation, sagaId }: TombstoneTarget) =>
    `${incarnationKey(incarnation)} ${sagaId}`;
  const put = (one: Stored) => void stored.set(incarnationKey(one.incarnation), one);
  const find = ({ incarnation }: TombstoneTarget) => stored.get(incarnationKey(incarnation));
  const kept = () => [...stored.values()].filter(isKept);
  const change = (one: Kept, tombstone: Partial<Tombstone>, schedule: Partial<Kept> = {}) =>
    put(keep({ ...one, ...schedule }, { ...one.tombstone, ...tombstone }));
  const own = (target: TombstoneTarget) => owned(find(target), target);

  function open({ mayTakeOver, ...command }: OpenTombstone): OpenResult {
    const { sagaId, epoch } = command;
    const found = find(command);
    const isFree = found === undefined || found.status === 'withdrawn';
    if (!isFree && found.status !== 'open') {
      return { status: 'already-settled', sagaId: found.sagaId };
    }
    if (withdrawn.has(nameOf(command))) throw new FencedError(sagaId, epoch);
    if (!isFree && found.sagaId === sagaId) {
      change(own(command), {});
      return { status: 'opened' };
    }
    if (!isFree && !mayTakeOver.includes(found.sagaId)) {
      return { status: 'other-saga', sagaId: found.sagaId };
    }
    const observed = { observedAtRest: false, openedAt: new Date(nowMs()) };
    const tombstone = { ...command, ...observed, attempts: 0, lastReason: null };
    put(keep(NEVER_DUE, { ...tombstone, status: 'open' }));
    return { status: 'opened' };
  }

  function withdraw(target: TombstoneTarget): void {
    const found = find(target);
    if (found !== undefined && isKept(found)) {
      if (found.sagaId !== target.sagaId) {
        withdrawn.add(nameOf(target));
        return;
      }
      if (own(target).status !== 'open') throw wrongStatus(found);
    }
    const { incarnation, sagaId, epoch } = target;
    withdrawn.add(nameOf(target));
    put({ incarnation, sagaId, epoch, status: 'withdrawn' });
  }

  function end(target: TombstoneTarget): void {
    const found = own(target);
    if (found.status === 'open') throw wrongStatus(found);
    if (found.status === 'ended') return;
    const ended = { endedAtMs: nowMs(), checksAfterEnd: 0, heldUntilMs: null };
    const schedule = { ...ended, nextCheckMs: nowMs() + FIRST_CHECK_MS };
    change(found, { status: 'ended', lastReason: null }, schedule);
  }

  return {
    statusesOf: (instanceId) =>
      [...stored.values()].flatMap(({ incarnation, status }) =>
        incarnation.instanceId === instanceId ? [status] : [],
      ),
    open: async (command) => open(command),
    recordObservedBots: async (target, { observedBots: seen, observedInPart }) => {
      const found = own(target);
      const known = found.tombstone.observedBots ?? [];
      const isNamed = ({ host, containerId }: ObservedBot) =>
        known.some((one) => one.host === host && one.containerId === containerId);
      const observedBots = [...known, ...(seen ?? []).filter((one) => !isNamed(one))];
      change(found, { observedBots, observedInPart });
    },
    withdraw: async (target) => withdraw(target),
    settle: async (target, { observedAtRest } = { observedAtRest: false }) => {
      const found = own(target);
      const nextCheckMs = nowMs() + SAGA_FIRST_MS;
      if (found.status === 'open')
        change(found, { status: 'settled', observedAtRest }, { nextCheckMs });
    },
    end: async (target) => end(target),
    takeDue: async ({ limit, holdMs }) => {
      const due = kept().filter((one) => isDue(one, nowMs(), holdMs));
      const taken = due.toSorted((one, other) => dueAt(one) - dueAt(other)).slice(0, limit);
      for (const one of taken) change(one, {}, { heldUntilMs: nowMs() + holdMs });
      return taken.map(({ tombstone }) => tombstone);
    },
    recordCheck: async (taken, { gone, reason }) => {
      const found = own(taken);
      const { status, attempts } = found.tombstone;
      if (status === 'open') throw wrongStatus(found);
      if (!gone) {
        const nextCheckMs = nowMs() + (RETRY_MS[attempts] ?? 15_000);
        const failed = { status: 'settled', attempts: attempts + 1, lastReason: reason } as const;
        return change(found, failed, { nextCheckMs, heldUntilMs: null });
      }
      if (taken.status === 'settled') return end(taken);
      if (status !== 'ended') throw wrongStatus(found);
      const { checksAfterEnd, endedAtMs } = found;
      const lastMs = Math.min(endedAtMs ?? nowMs(), nowMs()) + LAST_CHECK_MS;
      const next = { nextCheckMs: checksAfterEnd === 0 ? lastMs : null, heldUntilMs: null };
      change(found, {}, { ...next, checksAfterEnd: checksAfterEnd + 1 });
    },
    makeDue: async () => {
      for (const one of kept()) {
        const isLater = one.status === 'settled' && dueAt(one) > nowMs();
        if (isLater) change(one, {}, { nextCheckMs: nowMs() });
      }
    },
    heldSlots: async (userId) =>
      kept().flatMap(({ tombstone: { incarnation, slot, status } }) =>
        incarnation.userId === userId && status !== 'ended' && slot !== null
          ? [{ instanceId: incarnation.instanceId, slot }]
          : [],
      ),
    findForBot: async (userId, instanceId) =>
      kept()
        .map(({ tombstone }) => tombstone)
        .filter(({ incarnation }) => {
          return incarnation.userId === userId && incarnation.instanceId === instanceId;
        })
        .toSorted((one, other) => other.openedAt.getTime() - one.openedAt.getTime()),
    endedAmong: async (bots) => {
      if (bots.length > MAX_ASKED) throw new RangeError(`${bots.length} bots are too many`);
      const ends = kept().flatMap(({ incarnation, status, endedAtMs, tombstone }) => {
        const { firebaseUid, observedBots } = tombstone;
        const hosts = (observedBots ?? []).map(({ host }) => host);
        const endedAt = new Date(endedAtMs ?? 0);
        return status === 'ended' ? [{ ...incarnation, firebaseUid, endedAt, hosts }] : [];
      });
      return endedOf(bots, ends);
    },
  };
}

const NEVER_DUE = { nextCheckMs: null, heldUntilMs: null, endedAtMs: null, checksAfterEnd: 0 };

function keep(
  schedule: Omit<Kept, keyof TombstoneTarget | 'status' | 'tombstone'>,
  tombstone: Tombstone,
): Kept {
  const { incarnation, sagaId, epoch, status } = tombstone;
  return { ...schedule, incarnation, sagaId, epoch, status, tombstone };
}

function isKept(one: Stored): one is Kept {
  return one.status !== 'withdrawn';
}

/** @returns it as its saga writes it: under the epoch of the write. */
function owned(found: Stored | undefined, { sagaId, epoch }: TombstoneTarget): Kept {
  if (found === undefined || !isKept(found)) {
    throw new HoldError('TOMBSTONE_MISSING', 'there is no tombstone any more');
  }
  if (found.sagaId !== sagaId || found.epoch > epoch) throw new FencedError(sagaId, epoch);
  return keep(found, { ...found.tombstone, epoch });
}

function wrongStatus({ status }: Stored): HoldError {
  return new HoldError('TOMBSTONE_STATUS', `it is ${status}, which does not allow this`);
}

const dueAt = ({ nextCheckMs }: Kept) => nextCheckMs ?? Number.POSITIVE_INFINITY;

/** What is scheduled further ahead than anything ever is stands there from before the clock went back. */
function isDue(one: Kept, nowMs: number, holdMs: number): boolean {
  const { nextCheckMs, heldUntilMs } = one;
  const isOver = (untilMs: number, longestMs: number) =>
    untilMs <= nowMs || untilMs > nowMs + longestMs;
  if (nextCheckMs === null || !isOver(nextCheckMs, LAST_CHECK_MS)) return false;
  return heldUntilMs === null || isOver(heldUntilMs, holdMs);
}
