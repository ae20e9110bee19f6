// The conditional updates of a reservation: balance down, allocation up and the row `allocate` of a new bot in
// ONE document update (I2), and its withdrawal. All arithmetic is Decimal128 inside MongoDB. I5: a
// reservation carries no epoch, because every worker would send the same write; what a late one must not do is
// land after it was undone, and that the withdrawal forbids.

import { Decimal128, ObjectId } from 'mongodb';
import { minorText } from '../../domain/money.ts';
import type { ReserveOrder } from '../wallets.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import {
  ALLOCATIONS,
  type Expression,
  isMoneyValue,
  isNothing,
  isObject,
  LEDGER_STATE,
  literal,
  withAllocation,
} from './wallet-expressions.ts';
import { isNotWithdrawn, withdraw } from './withdrawn.ts';

/** Intermediate results live in a field of this name between the stages and are gone after the last. */
const TMP = 'reclaimReservation';
const BALANCE = '$paperWallet.balance';

export function reserveUpdate(order: ReserveOrder): ConditionalUpdate {
  const { userId, instanceId, opId } = order;
  const amount = decimalOf(order);
  return {
    filter: {
      _id: new ObjectId(userId),
      'walletTransactions.opId': { $ne: opId },
      ...isNotWithdrawn(opId),
      $expr: { $and: [IS_WRITABLE, hasFunds(amount), isFree(order)] },
    },
    update: [
      {
        $set: {
          [TMP]: {
            balance: { $toDouble: { $subtract: [{ $toDecimal: BALANCE }, amount] } },
            seq: { $add: [{ $ifNull: ['$ledgerState.seq', 0] }, 1] },
          },
        },
      },
      {
        $set: {
          'paperWallet.balance': `$${TMP}.balance`,
          'paperWallet.lastUpdated': '$$NOW',
          botAllocations: {
            $setField: {
              field: literal(instanceId),
              input: { $ifNull: ['$botAllocations', literal({})] },
              value: allocation(order, amount),
            },
          },
          walletTransactions: {
            $concatArrays: [{ $ifNull: ['$walletTransactions', []] }, [row(order, amount)]],
          },
          ledgerState: { $mergeObjects: [LEDGER_STATE, { seq: `$${TMP}.seq` }] },
          __v: { $add: [{ $ifNull: ['$__v', 0] }, 1] },
        },
      },
      { $unset: TMP },
    ],
  };
}

/** Applies whether or not the reservation has landed: after it, it never lands any more. */
export function withdrawUpdate({ userId, opId }: ReserveOrder): ConditionalUpdate {
  return {
    filter: { _id: new ObjectId(userId), ...isNotWithdrawn(opId) },
    update: [{ $set: withdraw(opId) }],
  };
}

/** Whether the document can take a row and an allocation at all. */
export const IS_WRITABLE = {
  $and: [
    { $or: [isNothing('$walletTransactions'), { $isArray: '$walletTransactions' }] },
    { $or: [isNothing('$botAllocations'), isObject('$botAllocations')] },
  ],
};

/** As decimals: a double 0.3 is a little less than 0.30. */
export function hasFunds(amount: Decimal128): Expression {
  return { $and: [IS_BALANCE_MONEY, { $gte: [{ $toDecimal: BALANCE }, amount] }] };
}

export const IS_BALANCE_MONEY = isMoneyValue(BALANCE);

export function isFree({ instanceId }: ReserveOrder): Expression {
  return withAllocation(instanceId, isNothing('$$bot'), ALLOCATIONS);
}

export function decimalOf({ amountMinor }: ReserveOrder): Decimal128 {
  return Decimal128.fromString(minorText(amountMinor));
}

export function descriptionOf({ amountMinor, botName }: ReserveOrder): string {
  return `Allocated $${minorText(amountMinor)} to ${botName}`;
}

/** `reservation` proves whose it is where a legacy writer erases the row. */
function allocation({ opId, botName }: ReserveOrder, amount: Decimal128): Expression {
  const dollars = { $toDouble: amount };
  return {
    allocatedAmount: dollars,
    currentValue: dollars,
    reservedInTrades: 0,
    availableBalance: dollars,
    lifetimePnL: 0,
    allocatedAt: '$$NOW',
    botName: literal(botName),
    reservation: { opId, seq: `$${TMP}.seq`, balanceAfter: `$${TMP}.balance` },
  };
}

function row(order: ReserveOrder, amount: Decimal128): Expression {
  return {
    type: 'allocate',
    amount: { $toDouble: { $multiply: [amount, -1] } },
    botId: literal(order.instanceId),
    botName: literal(order.botName),
    description: literal(descriptionOf(order)),
    balanceAfter: `$${TMP}.balance`,
    timestamp: '$$NOW',
    opId: order.opId,
    seq: `$${TMP}.seq`,
  };
}
