// The conditional updates of a saga's semantic lock on an allocation: set, raised, removed,
// turned into an abort. I5: none of them touches a lock of a higher epoch, and none sets one again for a saga that has
// removed its own: a worker that was paused meanwhile still intends to. I6: an aborting lock is never made payable
// again by its own saga.

import { ObjectId } from 'mongodb';
import type { InstanceId } from '../../domain/ids.ts';
import { isStamped } from '../../domain/incarnation.ts';
import { MAX_MONEY } from '../../domain/money.ts';
import type { LockCommand, LockTarget, SettleCommand } from '../wallets.ts';
import type { BotPast } from './bot-pasts.ts';
import { isOldCopy } from './prior-settlements.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import {
  ALLOCATIONS,
  type Expression,
  incarnationIdOf,
  isLocked,
  isLockOf,
  isMoneyValue,
  isNotAborting,
  isObject,
  isOfIncarnation,
  LEDGER_STATE,
  literal,
  replaceAllocation,
  valueFoundIn,
  withAllocation,
} from './wallet-expressions.ts';
import { isNotWithdrawn, withdraw } from './withdrawn.ts';

const BOT = '$$bot';

/** @param past of the bot, for an incarnation that has only a stamp. */
export function lockUpdate(command: LockCommand, opId: string, past: BotPast): ConditionalUpdate {
  const { userId, instanceId, incarnation, sagaId, epoch } = command;
  const lockedBy = {
    sagaId: literal(sagaId),
    epoch,
    // A minus zero is money, but must not be displayed.
    value: { $abs: { $toDouble: lockedValue(command) } },
    incarnationId: literal(incarnation.incarnationId),
    ...(isStamped(incarnation.incarnationId) ? { stamped: true } : {}),
    ...(command.isLive === true ? { isLive: true, allocatedAmount: amountAnswered(command) } : {}),
  };
  return {
    filter: {
      _id: new ObjectId(userId),
      'paperWallet.balance': { $gte: 0, $lte: MAX_MONEY },
      'walletTransactions.opId': { $ne: opId },
      'ledgerState.settled.opId': { $ne: opId },
      ...isNotWithdrawn(sagaId),
      $expr: withAllocation(instanceId, isLockable(command, past)),
    },
    update: [
      {
        $set: {
          botAllocations: replacing(instanceId, {
            $mergeObjects: [BOT, { lockedBy: keepingLive(command, lockedBy) }],
          }),
          ledgerState: LEDGER_STATE,
        },
      },
    ],
  };
}

export function raiseUpdate({ userId, instanceId, sagaId, epoch }: LockTarget): ConditionalUpdate {
  return {
    filter: {
      _id: new ObjectId(userId),
      $expr: withAllocation(instanceId, isLockOf(BOT, sagaId, '$lt', epoch)),
    },
    update: [{ $set: { botAllocations: replacing(instanceId, withLock({ epoch })) } }],
  };
}

/** Applies whether or not the lock is there: after it, no worker of this saga sets one any more. */
export function unlockUpdate({ userId, instanceId, sagaId, epoch }: LockTarget): ConditionalUpdate {
  const of = (inside: Expression) => withAllocation(instanceId, inside, ALLOCATIONS);
  const unlocked = replaceAllocation(instanceId, {
    $unsetField: { field: 'lockedBy', input: BOT },
  });
  const isOwn = isLockOf(BOT, sagaId, '$lte', epoch);
  return {
    filter: {
      _id: new ObjectId(userId),
      $expr: of({ $not: [isLockOf(BOT, sagaId, '$gt', epoch)] }),
    },
    update: [
      {
        $set: {
          botAllocations: of({ $cond: [isOwn, unlocked, '$botAllocations'] }),
          ...withdraw(sagaId),
        },
      },
    ],
  };
}

/**
 * Applies to this saga's lock, and to the incarnation without any lock: a settlement that is still on its way could
 * otherwise land after a lock was written again.
 */
export function abortUpdate(command: SettleCommand): ConditionalUpdate {
  const { userId, instanceId, opId, sagaId, epoch, incarnation } = command;
  const lockedBy = {
    sagaId: literal(sagaId),
    epoch,
    value: { $ifNull: [`${BOT}.lockedBy.value`, command.lockedValue] },
    incarnationId: literal(incarnation.incarnationId),
    ...(isStamped(incarnation.incarnationId) ? { stamped: true } : {}),
    aborting: true,
  };
  const isFree = { $not: [isLocked(BOT)] };
  return {
    filter: {
      _id: new ObjectId(userId),
      'walletTransactions.opId': { $ne: opId },
      'ledgerState.settled.opId': { $ne: opId },
      ...isNotWithdrawn(sagaId),
      $expr: withAllocation(instanceId, {
        $and: [
          isIncarnation(incarnation.incarnationId),
          { $or: [isLockOf(BOT, sagaId, '$lte', epoch), isFree] },
        ],
      }),
    },
    update: [{ $set: { botAllocations: replacing(instanceId, withLock(lockedBy)) } }],
  };
}

function isLockable(
  { instanceId, incarnation, sagaId, epoch, ...command }: LockCommand,
  past: BotPast,
) {
  const isOwn = {
    $and: [isLockOf(BOT, sagaId, '$lte', epoch), isNotAborting(BOT)],
  };
  const mayTake = { $in: [`${BOT}.lockedBy.sagaId`, literal(command.mayTakeOver)] };
  const isFree = { $not: [isLocked(BOT)] };
  return {
    $and: [
      isIncarnation(incarnation.incarnationId),
      { $or: [isFree, isOwn, ...(command.mayTakeOver.length === 0 ? [] : [mayTake])] },
      isMoneyValue(`${BOT}.allocatedAmount`),
      isMoneyValue(lockedValue({ ...command, sagaId })),
      ...(isStamped(incarnation.incarnationId)
        ? [{ $not: [isOldCopy(BOT, instanceId, past)] }]
        : []),
    ],
  };
}

/** An allocation without date and lock has no incarnation id of its own: it takes the stamp it is given. */
function isIncarnation(incarnationId: string): Expression {
  const isSame = isOfIncarnation(BOT, incarnationId);
  if (!isStamped(incarnationId)) return isSame;
  return { $and: [isObject(BOT), { $or: [isSame, { $eq: [incarnationIdOf(BOT), null] }] }] };
}

/** The given value, else the one this saga locked before (a repeat must not lock a newer one), else
 * the value found. */
function lockedValue({ value, sagaId }: Pick<LockCommand, 'value' | 'sagaId'>): Expression {
  if (value !== null) return value;
  const locked = `${BOT}.lockedBy.value`;
  const isOwn = {
    $and: [{ $eq: [`${BOT}.lockedBy.sagaId`, literal(sagaId)] }, isMoneyValue(locked)],
  };
  return { $cond: [isOwn, locked, valueFoundIn(BOT)] };
}

function amountAnswered({ allocatedAmount }: LockCommand): Expression {
  return allocatedAmount ?? `${BOT}.allocatedAmount`;
}

/** A step that is repeated finds the bot at rest, which answers no more: the value it answered before stays. */
function keepingLive({ sagaId, isLive }: LockCommand, lockedBy: Expression): Expression {
  if (isLive === true) return lockedBy;
  const own = `${BOT}.lockedBy`;
  const hasLiveValue = {
    $and: [
      { $eq: [`${own}.sagaId`, literal(sagaId)] },
      { $eq: [`${own}.isLive`, true] },
      isMoneyValue(`${own}.value`),
    ],
  };
  const kept = {
    value: `${own}.value`,
    isLive: true,
    allocatedAmount: `${own}.allocatedAmount`,
  };
  return { $mergeObjects: [lockedBy, { $cond: [hasLiveValue, kept, literal({})] }] };
}

function withLock(fields: Expression): Expression {
  return {
    $mergeObjects: [BOT, { lockedBy: { $mergeObjects: [`${BOT}.lockedBy`, fields] } }],
  };
}

function replacing(instanceId: InstanceId, allocation: Expression): Expression {
  return withAllocation(instanceId, replaceAllocation(instanceId, allocation));
}
