// Whether the platform itself has paid an allocation back: its own DELETE, at the same time as ours. Recognised by its
// row and by the balance, of one moment of one document, and computed by the database (I2): a row alone could be
// from a save whose balance was overwritten since.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, Decimal128, type Document, ObjectId } from 'mongodb';
import { settlementOpId } from '../../domain/incarnation.ts';
import type { Receipt } from '../receipts.ts';
import type { PlatformPaymentQuery } from '../wallets.ts';
import { receiptFromRow } from './receipts.ts';
import {
  type Expression,
  isMoneyValue,
  isSettlementRow,
  literal,
  ROWS,
} from './wallet-expressions.ts';

/** What the platform calls a partial withdrawal, after which the allocation stands on. */
const PARTIAL = /^Withdrew /;
/** It dates its rows by its own clock; a payment of an earlier incarnation is further away than this. */
const CLOCKS_APART_MS = 60_000;
/** Its balances are sums of doubles. */
const HALF_A_CENT = Decimal128.fromString('0.005');

/** @throws UnavailableError. */
export async function findPlatformPayment(
  db: Db,
  query: PlatformPaymentQuery,
): Promise<Receipt | null> {
  const { userId } = query.incarnation;
  const [found] = await runRepeatable(() =>
    majorityCollection<Document>(db, 'users')
      .aggregate([
        { $match: { _id: new ObjectId(userId) } },
        { $project: { rows: ROWS, balance: '$paperWallet.balance' } },
        { $set: { index: { $max: newestOfBot(query) } } },
        { $match: { index: { $gte: 0 } } },
        { $set: { row: { $arrayElemAt: ['$rows', '$index'] } } },
        { $match: { $expr: isPayment(query) } },
        { $project: { row: asReceipt(query), isInBalance: isInBalance() } },
      ])
      .toArray(),
  );
  return found?.isInBalance === true ? receiptFromRow(userId, found.row) : null;
}

// Money set aside for the bot since would be another incarnation's.
function newestOfBot({ incarnation }: PlatformPaymentQuery): Expression {
  const isOfBot = {
    $and: [
      { $eq: ['$$row.botId', literal(incarnation.instanceId)] },
      { $in: ['$$row.type', ['allocate', 'deallocate']] },
    ],
  };
  const vars = { row: { $arrayElemAt: ['$rows', '$$index'] } };
  return {
    $filter: {
      input: { $range: [0, { $size: '$rows' }] },
      as: 'index',
      cond: { $let: { vars, in: isOfBot } },
    },
  };
}

function isPayment({ knownAtMs }: PlatformPaymentQuery): Expression {
  const text = { $convert: { input: '$row.description', to: 'string', onError: '', onNull: '' } };
  return {
    $and: [
      { $eq: ['$row.type', 'deallocate'] },
      { $not: [isSettlementRow('$row')] },
      { $eq: [{ $type: '$row.timestamp' }, 'date'] },
      { $gte: ['$row.timestamp', new Date(knownAtMs - CLOCKS_APART_MS)] },
      ...['$row.amount', '$row.balanceAfter', '$balance'].map(isMoneyValue),
      { $not: [{ $regexMatch: { input: text, regex: PARTIAL } }] },
    ],
  };
}

/** From the balance that the row states, over every row after it, to the balance that stands there. */
function isInBalance(): Expression {
  const later = { $slice: ['$rows', { $add: ['$index', 1] }, { $max: [1, { $size: '$rows' }] }] };
  const amount = { $convert: { input: '$$one.amount', to: 'decimal', onError: 0, onNull: 0 } };
  const isIn = { $in: ['$$one.type', ['deposit', 'deallocate']] };
  const isOut = { $in: ['$$one.type', ['withdraw', 'allocate']] };
  const out = { $multiply: [-1, { $abs: amount }] };
  const effect = { $cond: [isIn, amount, { $cond: [isOut, out, 0] }] };
  const moved = { $map: { input: later, as: 'one', in: effect } };
  const expected = { $add: [{ $toDecimal: '$row.balanceAfter' }, { $sum: moved }] };
  const apart = { $abs: { $subtract: [{ $toDecimal: '$balance' }, expected] } };
  return { $lt: [apart, HALF_A_CENT] };
}

function asReceipt({ incarnation, allocatedAmount, botName }: PlatformPaymentQuery): Expression {
  const amount = { $round: [{ $toDecimal: '$row.amount' }, 2] };
  // Doubles have no minus zero to print here: a decimal has none.
  const pnl =
    allocatedAmount === null
      ? Decimal128.fromString('0')
      : { $round: [{ $subtract: [amount, { $toDecimal: allocatedAmount }] }, 2] };
  return {
    opId: settlementOpId(incarnation),
    instanceId: literal(incarnation.instanceId),
    incarnationId: literal(incarnation.incarnationId),
    botName: { $ifNull: ['$row.botName', literal(botName)] },
    amount: { $toDouble: amount },
    pnl: { $toDouble: pnl },
    amountMinor: { $toLong: { $multiply: [amount, 100] } },
    pnlMinor: { $toLong: { $multiply: [pnl, 100] } },
    exactValue: { $toDecimal: '$row.amount' },
    previousBalance: {
      $toDouble: {
        $subtract: [{ $toDecimal: '$row.balanceAfter' }, { $toDecimal: '$row.amount' }],
      },
    },
    newBalance: { $toDouble: '$row.balanceAfter' },
    description: { $ifNull: ['$row.description', ''] },
    seq: literal(0),
    settledAt: '$row.timestamp',
    paidBy: 'platform',
  };
}
