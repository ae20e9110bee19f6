// The conditional writes of tombstones. Every one names the saga and lets no lower epoch pass (I5);
// nothing ever leads from settled back to open, and `ended` is only written where gone was observed (I1).
// A withdrawn one leaves its saga's name for a day, and one of the same incarnation after it keeps that: a worker that was
// away meanwhile must not open it again.
// All times are the database's.

import type { AnyBulkWriteOperation, Document } from 'mongodb';
import { incarnationKey } from '../domain/incarnation.ts';
import type {
  ObservedIncarnation,
  OpenTombstone,
  Tombstone,
  TombstoneTarget,
} from './tombstones.ts';

export interface TombstoneDocument extends Document {
  readonly _id: string;
}

export type TombstoneWrite = AnyBulkWriteOperation<TombstoneDocument>;

/** The saga's own last step removes the bot; the janitor's turn comes when that has had its chance. */
const SAGA_FIRST_MS = 3_000;
/** The checks after the end: the platform or a person may still start what was removed. */
const FIRST_CHECK_MS = 60_000;
/** Also the furthest ahead that any check is scheduled. */
export const LAST_CHECK_MS = 600_000;
/** While it is not gone: the next check after this, twice as long each time, to the limit. */
const RETRY_BASE_MS = 1_000;
const RETRY_CAP_MS = 15_000;
/** 2^4 seconds is past the limit already; a larger exponent would only overflow. */
const MAX_EXPONENT = 4;

/** Not a tombstone any more; no reader of the port sees it. */
export const WITHDRAWN = 'withdrawn';
const IS_NEW = { $eq: [{ $type: '$status' }, 'missing'] };
const IS_OPEN = { $eq: ['$status', 'open'] };
const IS_WITHDRAWN = { $eq: ['$status', WITHDRAWN] };
/** The sagas that open none of this incarnation any more. */
const WITHDRAWN_BY = { $ifNull: ['$withdrawnBy', []] };
/** Deletions of one incarnation that were undone one after the other: far more than there are. */
const MAX_WITHDRAWN = 100;

const later = (ms: number) => ({ $add: ['$$NOW', ms] });

/** Inserts, also where another saga has withdrawn its own; takes over what is listed; raises the epoch of its
 * own; leaves everything else alone. */
export function openWrite(command: OpenTombstone): TombstoneWrite {
  const { incarnation, sagaId, epoch, mayTakeOver } = command;
  const isOwn = { $and: [{ $eq: ['$sagaId', sagaId] }, { $lte: ['$epoch', epoch] }] };
  const isTakeable = { $and: [IS_OPEN, { $in: ['$sagaId', { $literal: mayTakeOver }] }] };
  const mayOpen = {
    $and: [
      { $not: [{ $in: [{ $literal: sagaId }, WITHDRAWN_BY] }] },
      { $or: [IS_NEW, IS_WITHDRAWN, isTakeable] },
    ],
  };
  const raised = {
    $cond: [{ $and: [IS_OPEN, isOwn] }, { $mergeObjects: ['$$ROOT', { epoch }] }, '$$ROOT'],
  };
  const opened = {
    $mergeObjects: [
      { $literal: openedFields(command) },
      { _id: '$_id', openedAt: '$$NOW', settledAt: null, endedAt: null },
      { nextCheckAt: null, heldUntil: null, withdrawnBy: WITHDRAWN_BY },
    ],
  };
  return {
    updateOne: {
      filter: { _id: incarnationKey(incarnation) },
      update: [
        {
          $replaceWith: {
            $cond: [mayOpen, opened, raised],
          },
        },
      ],
      upsert: true,
    },
  };
}

function openedFields({ incarnation, sagaId, epoch, ...observed }: OpenTombstone) {
  const { userId, instanceId, incarnationId } = incarnation;
  const { firebaseUid, observedBots, observedInPart, slot, hadAllocation } = observed;
  return {
    userId,
    instanceId,
    incarnationId,
    sagaId,
    epoch,
    firebaseUid,
    status: 'open',
    observedBots,
    observedInPart,
    slot,
    hadAllocation,
    attempts: 0,
    checksAfterEnd: 0,
    lastReason: null,
  };
}

/** Only adds: what was found in a captured one's place is known to no later capture (I1). */
export function observedBotsWrite(
  target: TombstoneTarget,
  { observedBots, observedInPart }: ObservedIncarnation,
): TombstoneWrite {
  const known = { $ifNull: ['$observedBots', []] };
  const named = { $map: { input: known, as: 'bot', in: CONTAINER } };
  const added = {
    $filter: {
      input: { $literal: observedBots ?? [] },
      as: 'bot',
      cond: { $not: [{ $in: [CONTAINER, named] }] },
    },
  };
  return owned(target, {}, { observedBots: { $concatArrays: [known, added] }, observedInPart });
}

const CONTAINER = { host: '$$bot.host', containerId: '$$bot.containerId' };

/** Leaves no tombstone, whether or not there was one, but the record that this saga opens none any more. */
export function withdrawWrite({ incarnation, sagaId, epoch }: TombstoneTarget): TombstoneWrite {
  const { userId, instanceId, incarnationId } = incarnation;
  const isItsSaga = { $eq: ['$sagaId', { $literal: sagaId }] };
  const mayGo = {
    $or: [IS_NEW, IS_WITHDRAWN, { $and: [IS_OPEN, isItsSaga, { $lte: ['$epoch', epoch] }] }],
  };
  const others = {
    $filter: { input: WITHDRAWN_BY, as: 'id', cond: { $ne: ['$$id', { $literal: sagaId }] } },
  };
  const all = { $concatArrays: [others, [{ $literal: sagaId }]] };
  const withdrawnBy = { $slice: [all, -MAX_WITHDRAWN] };
  // Another saga's stays; this one opens none behind it either.
  const noted = {
    $cond: [
      { $and: [IS_OPEN, { $not: [isItsSaga] }] },
      { $mergeObjects: ['$$ROOT', { withdrawnBy }] },
      '$$ROOT',
    ],
  };
  const names = {
    $literal: { userId, instanceId, incarnationId, sagaId, epoch, status: WITHDRAWN },
  };
  const withdrawn = {
    $mergeObjects: [names, { _id: '$_id', withdrawnAt: '$$NOW', withdrawnBy }],
  };
  return {
    updateOne: {
      filter: { _id: incarnationKey(incarnation) },
      update: [{ $replaceWith: { $cond: [mayGo, withdrawn, noted] } }],
      upsert: true,
    },
  };
}

export function settleWrite(target: TombstoneTarget, observedAtRest: boolean): TombstoneWrite {
  return owned(
    target,
    { status: 'open' },
    { status: 'settled', observedAtRest, settledAt: '$$NOW', nextCheckAt: later(SAGA_FIRST_MS) },
  );
}

export function endWrite(target: TombstoneTarget): TombstoneWrite {
  return owned(target, { status: 'settled' }, ENDED);
}

const ENDED = {
  status: 'ended',
  endedAt: '$$NOW',
  checksAfterEnd: 0,
  lastReason: null,
  nextCheckAt: later(FIRST_CHECK_MS),
  heldUntil: null,
};

/** An end that has not come yet is from before the clock went back. */
const ENDED_AT = { $min: ['$endedAt', '$$NOW'] };

/** A check that finds the bot back after its end makes the tombstone unfinished again: its slot is not
 * free as long as something sits in it. */
export function checkWrite(
  tombstone: Tombstone,
  { gone, reason }: { readonly gone: boolean; readonly reason: string | null },
): TombstoneWrite {
  const exponent = { $min: ['$attempts', MAX_EXPONENT] };
  const backoff = { $min: [RETRY_CAP_MS, { $multiply: [RETRY_BASE_MS, { $pow: [2, exponent] }] }] };
  const notGone = {
    status: 'settled',
    attempts: { $add: ['$attempts', 1] },
    lastReason: { $literal: reason },
    nextCheckAt: { $add: ['$$NOW', backoff] },
    heldUntil: null,
  };
  if (!gone) return owned(tombstone, { status: { $in: ['settled', 'ended'] } }, notGone);
  const goneAgain = {
    checksAfterEnd: { $add: ['$checksAfterEnd', 1] },
    nextCheckAt: {
      $cond: [{ $eq: ['$checksAfterEnd', 0] }, { $add: [ENDED_AT, LAST_CHECK_MS] }, null],
    },
    heldUntil: null,
  };
  return tombstone.status === 'ended'
    ? owned(tombstone, { status: 'ended' }, goneAgain)
    : owned(tombstone, { status: 'settled' }, ENDED);
}

function owned(target: TombstoneTarget, condition: Document, fields: Document): TombstoneWrite {
  const { epoch } = target;
  return {
    updateOne: {
      filter: { ...ownedBy(target), ...condition },
      update: [{ $set: { ...fields, epoch } }],
    },
  };
}

function ownedBy({ incarnation, sagaId, epoch }: TombstoneTarget): Document {
  return { _id: incarnationKey(incarnation), sagaId, epoch: { $lte: epoch } };
}
