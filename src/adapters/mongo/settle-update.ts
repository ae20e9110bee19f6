// The settlement: balance, allocation and transaction of one incarnation in ONE conditional update (I2).
// All arithmetic is Decimal128 inside MongoDB. Only the amount is rounded, once, half-even, to cents; the
// balance keeps its old sub-cent decimals. The filter holds everything that must be true; who does not
// match learns why from a read, never from here. I5, I6: a mark of another epoch or an aborting one
// refuses it.

import { mongo } from 'mongoose';
import type { SettleCommand } from '../../deletion/ports/wallets.ts';
import {
  asList,
  type Expression,
  isAborting,
  isMarkOf,
  isMoneyValue,
  isNothing,
  isObject,
  lifeOf,
  literal,
  OPENED_LEDGER_STATE,
  ROWS,
  ROWS_ARE_A_LIST,
  removeAllocation,
  withAllocation,
} from './wallet-expressions.ts';

export interface ConditionalUpdate {
  readonly filter: mongo.Document;
  readonly update: mongo.Document[];
}

/** Intermediate results live here between the stages and are gone after the last one. */
const TMP = 'reclaimSettlement';
const BOT = `$${TMP}.bot`;

export function settleUpdate(command: SettleCommand): ConditionalUpdate {
  const { userId, instanceId, opId } = command;
  return {
    filter: {
      _id: new mongo.ObjectId(userId),
      'walletTransactions.opId': { $ne: opId },
      'ledgerState.settled.opId': { $ne: opId },
      $expr: withAllocation(instanceId, isPayable('$$bot', command)),
    },
    update: [
      { $set: { [TMP]: { bot: withAllocation(instanceId, '$$bot') } } },
      { $set: { [TMP]: value(command) } },
      { $set: { [TMP]: { amount: { $round: [`$${TMP}.exact`, 2] } } } },
      { $set: { [TMP]: profitAndBalance() } },
      { $set: { [TMP]: minorUnits() } },
      { $set: { [TMP]: { description: description(command.reason) } } },
      { $set: settledFields(command) },
      { $unset: TMP },
    ],
  };
}

function isPayable(bot: string, { sagaId, epoch, incarnation }: SettleCommand): Expression {
  return {
    $and: [
      isObject(bot),
      { $eq: [lifeOf(bot), literal(incarnation.life)] },
      isMarkOf(bot, sagaId, '$eq', epoch),
      { $not: [isAborting(bot)] },
      isMoneyValue('$paperWallet.balance'),
      isMoneyValue(`${bot}.allocatedAmount`),
      isMoneyValue(`${bot}.closing.value`),
      ROWS_ARE_A_LIST,
    ],
  };
}

/** The value found now, or the locked one where an error overwrote it. A value that is missing while
 * the lock saw allocatedAmount is not an error: missing means exactly that. */
function value({ botName }: SettleCommand): mongo.Document {
  const found = `${BOT}.currentValue`;
  const locked = `${BOT}.closing.value`;
  const isGood = { $and: [isMoneyValue(found), { $gt: [found, 0] }] };
  const isMissingAsLocked = {
    $and: [isNothing(found), { $eq: [locked, `${BOT}.allocatedAmount`] }],
  };
  const isOverwritten = {
    $and: [{ $gt: [locked, 0] }, { $not: [isGood] }, { $not: [isMissingAsLocked] }],
  };
  const hasName = {
    $and: [{ $eq: [{ $type: `${BOT}.botName` }, 'string'] }, { $ne: [`${BOT}.botName`, ''] }],
  };
  return {
    // $abs: a minus zero is money, but nobody wants to read it.
    exact: { $abs: { $toDecimal: { $cond: [isGood, found, locked] } } },
    overwritten: { $cond: [isOverwritten, asText(found), null] },
    allocated: { $toDecimal: `${BOT}.allocatedAmount` },
    botName: { $cond: [hasName, `${BOT}.botName`, literal(botName)] },
    seq: { $add: [{ $cond: [{ $isNumber: '$ledgerState.seq' }, '$ledgerState.seq', 0] }, 1] },
  };
}

/** A few characters of what was found, the way a person would write it. */
function asText(found: string): Expression {
  const type = { $type: found };
  const text = { $convert: { input: found, to: 'string', onError: type, onNull: type } };
  const short = { $substrCP: [text, 0, 40] };
  return { $cond: [{ $eq: [type, 'string'] }, { $concat: ['"', short, '"'] }, short] };
}

function profitAndBalance(): mongo.Document {
  const before = '$paperWallet.balance';
  const amount = `$${TMP}.amount`;
  return {
    // Adding zero turns a rounded minus zero into zero.
    pnl: { $add: [{ $round: [{ $subtract: [amount, `$${TMP}.allocated`] }, 2] }, 0] },
    // A refund of nothing leaves the balance bit for bit: through Decimal128 it keeps 15 digits.
    newBalance: {
      $cond: [
        { $eq: [amount, 0] },
        { $toDouble: before },
        { $toDouble: { $add: [{ $toDecimal: before }, amount] } },
      ],
    },
  };
}

function minorUnits(): mongo.Document {
  const cents = (dollars: string) => ({ $toLong: { $multiply: [dollars, 100] } });
  return { amountMinor: cents(`$${TMP}.amount`), pnlMinor: cents(`$${TMP}.pnl`) };
}

function description(reason: SettleCommand['reason']): Expression {
  const amount = dollarsAndCents(`$${TMP}.amountMinor`);
  const sign = { $cond: [{ $lt: [`$${TMP}.pnlMinor`, 0] }, '-', '+'] };
  const pnl = { $concat: [sign, literal('$'), dollarsAndCents({ $abs: `$${TMP}.pnlMinor` })] };
  const [before, between] =
    reason === 'deleted'
      ? ['Returned $', ' from deleted bot (P&L: ']
      : ['Auto-cleanup: returned $', ' from orphaned bot (P&L: '];
  return { $concat: [literal(before), amount, literal(between), pnl, ')'] };
}

/** Whole cents as text with exactly two decimals; never through a double. */
function dollarsAndCents(minor: Expression): Expression {
  const cents = { $mod: [minor, 100] };
  const dollars = { $toLong: { $divide: [{ $toDecimal: { $subtract: [minor, cents] } }, 100] } };
  const pad = { $cond: [{ $lt: [cents, 10] }, '.0', '.'] };
  return { $concat: [{ $toString: dollars }, pad, { $toString: cents }] };
}

function settledFields(command: SettleCommand): mongo.Document {
  const { instanceId, opId } = command;
  const row = {
    type: 'deallocate',
    amount: { $toDouble: `$${TMP}.amount` },
    botId: literal(instanceId),
    botName: `$${TMP}.botName`,
    description: `$${TMP}.description`,
    balanceAfter: `$${TMP}.newBalance`,
    timestamp: '$$NOW',
    pnl: { $toDouble: `$${TMP}.pnl` },
    opId: literal(opId),
    seq: `$${TMP}.seq`,
  };
  const version = { $cond: [{ $isNumber: '$__v' }, '$__v', 0] };
  return {
    'paperWallet.balance': `$${TMP}.newBalance`,
    'paperWallet.lastUpdated': '$$NOW',
    botAllocations: removeAllocation(instanceId),
    walletTransactions: { $concatArrays: [ROWS, [row]] },
    ledgerState: {
      $mergeObjects: [
        OPENED_LEDGER_STATE,
        {
          seq: `$${TMP}.seq`,
          settled: { $concatArrays: [asList('$ledgerState.settled'), [receipt(command)]] },
        },
      ],
    },
    __v: { $add: [version, 1] },
  };
}

/** Everything a ledger entry needs, so that an erased row costs nothing. */
function receipt({ instanceId, opId, sagaId, incarnation }: SettleCommand): Expression {
  return {
    opId: literal(opId),
    instanceId: literal(instanceId),
    life: literal(incarnation.life),
    sagaId: literal(sagaId),
    botName: `$${TMP}.botName`,
    amount: { $toDouble: `$${TMP}.amount` },
    pnl: { $toDouble: `$${TMP}.pnl` },
    amountMinor: `$${TMP}.amountMinor`,
    pnlMinor: `$${TMP}.pnlMinor`,
    exactValue: `$${TMP}.exact`,
    previousBalance: { $toDouble: '$paperWallet.balance' },
    newBalance: `$${TMP}.newBalance`,
    description: `$${TMP}.description`,
    seq: `$${TMP}.seq`,
    settledAt: '$$NOW',
    overwrittenValue: `$${TMP}.overwritten`,
  };
}
