// The settlement: balance, allocation and transaction of one incarnation in ONE conditional update (I2).
// All arithmetic is Decimal128 inside MongoDB. Only the amount is rounded, once, half-even, to cents; the
// balance keeps its old sub-cent decimals. The filter holds everything that must be true; who does not
// match learns why from a read, never from here. I5, I6: a lock of another epoch or an aborting one
// refuses it.

import { Decimal128, type Document, ObjectId } from 'mongodb';
import { MAX_MONEY } from '../../domain/money.ts';
import type { SettleCommand } from '../wallets.ts';
import {
  type Expression,
  isLockOf,
  isMoneyValue,
  isNotAborting,
  isNothing,
  isOfIncarnation,
  LEDGER_STATE,
  literal,
  removeAllocation,
  valueFoundIn,
  withAllocation,
} from './wallet-expressions.ts';
import { isNotWithdrawn } from './withdrawn.ts';

export interface ConditionalUpdate {
  readonly filter: Document;
  readonly update: Document[];
}

/** Intermediate results live in a field of this name between the stages and are gone after the last. */
const TMP = 'reclaimSettlement';
const BOT = `$${TMP}.bot`;
const SUMS = `$${TMP}.sums`;

/** Adding it gives a decimal exactly two places, and makes a minus zero a zero. */
const ZERO_CENTS = Decimal128.fromString('0.00');

export function settleUpdate(command: SettleCommand): ConditionalUpdate {
  const { userId, instanceId, opId, sagaId } = command;
  return {
    filter: {
      _id: new ObjectId(userId),
      'paperWallet.balance': { $gte: 0, $lte: MAX_MONEY },
      'walletTransactions.opId': { $ne: opId },
      'ledgerState.settled.opId': { $ne: opId },
      // A stale save may bring a lock back that its saga has removed (I6).
      ...isNotWithdrawn(sagaId),
      $expr: withAllocation(instanceId, isPayable('$$bot', command)),
    },
    update: [
      { $set: { [TMP]: withAllocation(instanceId, valueToPay('$$bot', command)) } },
      { $set: { [TMP]: { sums: sums() } } },
      { $set: { [TMP]: { row: row(command) } } },
      { $set: settledFields(command) },
      { $unset: TMP },
    ],
  };
}

function isPayable(bot: string, { sagaId, epoch, incarnation }: SettleCommand): Expression {
  return {
    $and: [
      isLockOf(bot, sagaId, '$eq', epoch),
      isNotAborting(bot),
      isOfIncarnation(bot, incarnation.incarnationId),
      isMoneyValue(`${bot}.allocatedAmount`),
      isMoneyValue(`${bot}.lockedBy.value`),
    ],
  };
}

/** The value that the bot itself answered; else the stored value. */
function valueToPay(bot: string, { worth, lockMayBeNewer }: SettleCommand): Expression {
  const isLocked = { $eq: [`${bot}.lockedBy.isLive`, true] };
  const locked = `${bot}.lockedBy.value`;
  if (worth?.status === 'live') {
    const { value } = worth;
    return livePayment(bot, lockMayBeNewer ? { $cond: [isLocked, locked, value] } : value);
  }
  if (worth?.status !== 'not-live') return storedPayment(bot);
  // The saga's log may have lost the step that asked the bot; the lock has not.
  const { reason } = worth;
  const said = { valueSource: 'stored', notLive: literal(reason) };
  const stored = { $mergeObjects: [storedPayment(bot), said] };
  return { $cond: [isLocked, livePayment(bot, locked), stored] };
}

/**
 * Of the same allocation that the bot was asked about: its answer does not include what was taken out or put in since.
 */
function livePayment(bot: string, value: Expression): Expression {
  const asked = `${bot}.lockedBy.allocatedAmount`;
  const isChanged = {
    $and: [{ $not: [isNothing(asked)] }, { $ne: [asked, `${bot}.allocatedAmount`] }],
  };
  const live = { bot, exact: absolute(value), isOverwritten: false, valueSource: 'bot' };
  return { $cond: [isChanged, changedPayment(bot), live] };
}

/** What stands there now: the locked value is from before the change. */
function changedPayment(bot: string): Expression {
  const found = valueFoundIn(bot);
  const isGood = isPayableValue(found);
  return {
    bot,
    exact: absolute({ $cond: [isGood, found, `${bot}.allocatedAmount`] }),
    isOverwritten: { $and: [{ $gt: [`${bot}.allocatedAmount`, 0] }, { $not: [isGood] }] },
    valueSource: 'stored',
    notLive: 'the allocated amount has changed since the bot answered',
  };
}

/** A minus zero is money, but must not be displayed. */
function absolute(value: Expression): Expression {
  return { $abs: { $toDecimal: value } };
}

/** What an error writes is no money, or nothing. */
function isPayableValue(value: Expression): Expression {
  return { $and: [{ $gt: [value, 0] }, { $lte: [value, MAX_MONEY] }] };
}

/** The value found now, or the locked one where an error overwrote it. */
function storedPayment(bot: string): Expression {
  const found = `${bot}.currentValue`;
  const locked = `${bot}.lockedBy.value`;
  const isGood = isPayableValue(found);
  // Missing while the lock saw allocatedAmount is no error: missing means exactly that.
  const isMissing = { $and: [isNothing(found), { $eq: [locked, `${bot}.allocatedAmount`] }] };
  return {
    bot,
    exact: absolute({ $cond: [isGood, found, locked] }),
    isOverwritten: { $and: [{ $gt: [locked, 0] }, { $not: [{ $or: [isGood, isMissing] }] }] },
  };
}

function sums(): Expression {
  const before = '$paperWallet.balance';
  const cents = (value: Expression) => ({ $add: [{ $round: [value, 2] }, ZERO_CENTS] });
  const profit = { $subtract: ['$$amount', { $toDecimal: `${BOT}.allocatedAmount` }] };
  const balance = {
    // A refund of nothing leaves the balance bit for bit: through Decimal128 it keeps 15 digits.
    $cond: [
      { $eq: ['$$amount', 0] },
      { $toDouble: before },
      { $toDouble: { $add: [{ $toDecimal: before }, '$$amount'] } },
    ],
  };
  return {
    $let: {
      vars: { amount: cents(`$${TMP}.exact`) },
      in: { amount: '$$amount', pnl: cents(profit), balance },
    },
  };
}

function row({ instanceId, opId, botName, reason, worth }: SettleCommand): Expression {
  return {
    type: 'deallocate',
    amount: { $toDouble: `${SUMS}.amount` },
    botId: literal(instanceId),
    botName: { $ifNull: [`${BOT}.botName`, literal(botName)] },
    description: description(reason),
    balanceAfter: `${SUMS}.balance`,
    timestamp: '$$NOW',
    pnl: { $toDouble: `${SUMS}.pnl` },
    opId,
    seq: { $add: [{ $ifNull: ['$ledgerState.seq', 0] }, 1] },
    ...(isBotAsked(worth) && { valueSource: `$${TMP}.valueSource` }),
  };
}

function isBotAsked(worth: SettleCommand['worth']): boolean {
  return worth !== undefined && worth.status !== 'stored';
}

/** The decimals have two places, so their text has them too. */
function description(reason: SettleCommand['reason']): Expression {
  const amount = { $toString: `${SUMS}.amount` };
  const pnl = { $toString: { $abs: `${SUMS}.pnl` } };
  const [before, between] = SENTENCES[reason];
  const sign = { $cond: [{ $lt: [`${SUMS}.pnl`, 0] }, literal('-$'), literal('+$')] };
  return { $concat: [literal(before), amount, between, sign, pnl, ')'] };
}

const SENTENCES = {
  deleted: ['Returned $', ' from deleted bot (P&L: '],
  orphaned: ['Auto-cleanup: returned $', ' from orphaned bot (P&L: '],
  'not-started': ['Returned $', ' from bot that was not started (P&L: '],
} as const satisfies Record<SettleCommand['reason'], readonly [string, string]>;

function settledFields(command: SettleCommand): Document {
  const settled = { $ifNull: ['$ledgerState.settled', []] };
  return {
    'paperWallet.balance': `${SUMS}.balance`,
    'paperWallet.lastUpdated': '$$NOW',
    botAllocations: removeAllocation(command.instanceId),
    walletTransactions: {
      $concatArrays: [{ $ifNull: ['$walletTransactions', []] }, [`$${TMP}.row`]],
    },
    ledgerState: {
      $mergeObjects: [
        LEDGER_STATE,
        {
          seq: `$${TMP}.row.seq`,
          settled: { $concatArrays: [settled, [receipt(command)]] },
        },
      ],
    },
    __v: { $add: [{ $ifNull: ['$__v', 0] }, 1] },
  };
}

/** The row and what it has no room for: everything a ledger entry needs, so that a row that another program
 * erases costs nothing. */
function receipt({ sagaId, incarnation }: SettleCommand): Expression {
  return {
    $mergeObjects: [
      `$${TMP}.row`,
      {
        incarnationId: literal(incarnation.incarnationId),
        sagaId,
        exactValue: `$${TMP}.exact`,
        previousBalance: { $toDouble: '$paperWallet.balance' },
        isOverwritten: `$${TMP}.isOverwritten`,
        found: { $cond: [`$${TMP}.isOverwritten`, `${BOT}.currentValue`, '$$REMOVE'] },
        notLive: `$${TMP}.notLive`,
      },
    ],
  };
}
