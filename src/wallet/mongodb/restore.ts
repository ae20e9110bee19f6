// The money of settlements that a stale save took back, paid in once more by an operator's decision: a settlement of its
// own, in ONE document update (I2). The ledger records what was paid, and its sum is the database's. It applies once
// for its operation, and only while no incarnation that was settled by those receipts is in the wallet again, and none
// was paid since: then its money does, or has come out by another road. A restoration that was taken back in its turn
// stands for the receipts that it gave back.

import { majorityCollection, rejectUnlessAnswered, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, Decimal128, type Document, ObjectId } from 'mongodb';
import { MAX_MONEY, minorText } from '../../domain/money.ts';
import type { Restoration, RestoreOrder, RestoreResult } from '../restorations.ts';
import { contended, MAX_ROUNDS, writeThenReadUser } from './decide-command.ts';
import { findInLedger, type LedgerDocument } from './ledger-documents.ts';
import {
  type Expression,
  HELD_IDS,
  LEDGER_STATE,
  literal,
  ROWS,
  SETTLED,
} from './wallet-expressions.ts';

const LEDGER = 'ledger';
const TMP = 'reclaimRestoration';
const BALANCE = '$paperWallet.balance';

export async function restore(db: Db, order: RestoreOrder): Promise<RestoreResult> {
  const posted = await findPosted(db, order);
  if (posted !== null) return { status: 'restored', restoration: posted };
  const undone = await findUndone(db, order);
  if (undone === null) return { status: 'not-proven' };
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { user: observed, outcome } = await writeThenReadUser(
      db,
      order.userId,
      update(order, undone),
      projection(order, undone),
    );
    if (observed === null) return { status: 'account-gone' };
    if (observed.row !== undefined) {
      return { status: 'restored', restoration: toRestoration(order, undone, observed.row) };
    }
    if (outcome?.status !== 'unknown' && observed.isStanding) return { status: 'not-proven' };
    if (outcome?.status !== 'unknown' && !observed.isMoney) return { status: 'not-money' };
    rejectUnlessAnswered(outcome, 'the wallet');
  }
  throw contended(order.userId);
}

interface Undone {
  readonly amountMinor: number;
  /** Of the receipts, and of those that a restoration among them gave back. */
  readonly botIds: readonly string[];
  readonly opIds: readonly string[];
  /** When the oldest of them was paid. */
  readonly since: Date;
}

// All of them, of this user: a receipt that the ledger does not have proves nothing.
async function findUndone(db: Db, order: RestoreOrder): Promise<Undone | null> {
  const { userId, undone } = order;
  const own = { _id: { $in: [...undone] }, userId, source: 'reclaim' };
  // What a restoration of several bots gave back names their bots; it does not itself.
  const restored = {
    ...{ from: LEDGER, startWith: '$undone', as: 'restored' },
    ...{ connectFromField: 'undone', connectToField: '_id' },
    restrictSearchWithMatch: { userId, source: 'reclaim' },
  };
  const group = {
    _id: null,
    count: { $sum: 1 },
    minor: { $sum: '$amountMinor' },
    named: { $push: { $concatArrays: [[{ _id: '$_id', botId: '$botId' }], '$restored'] } },
    since: { $min: '$at' },
  };
  const all = (field: string) => ({
    $reduce: {
      input: '$named',
      initialValue: [],
      in: { $setUnion: ['$$value', `$$this.${field}`] },
    },
  });
  const [found] = await runRepeatable(() =>
    majorityCollection<LedgerDocument>(db, LEDGER)
      .aggregate([
        { $match: own },
        { $graphLookup: restored },
        { $group: group },
        { $set: { opIds: all('_id'), botIds: { $setDifference: [all('botId'), ['']] } } },
      ])
      .toArray(),
  );
  if (found?.count !== undone.length || (await isRestored(db, order))) return null;
  const { minor, botIds, opIds, since } = found;
  const paid = { amountMinor: Number(minor), botIds, opIds, since };
  const isMissing = paid.amountMinor > 0 && !(await isPaidInLedger(db, order, paid));
  return isMissing ? paid : null;
}

/** The document's own rows are checked by the update itself; the ledger knows those that are gone from there. */
async function isPaidInLedger(
  db: Db,
  { userId }: RestoreOrder,
  { botIds, opIds, since }: Undone,
): Promise<boolean> {
  const later = {
    ...{ userId, type: 'deallocate', botId: { $in: [...botIds] } },
    ...{ _id: { $nin: [...opIds] }, at: { $gt: since } },
  };
  const entry = await findInLedger(db, later);
  return entry !== null;
}

// A receipt is given back once, whichever finding names it.
async function isRestored(db: Db, { userId, opId, undone }: RestoreOrder): Promise<boolean> {
  const other = { userId, _id: { $ne: opId }, undone: { $in: [...undone] } };
  const entry = await findInLedger(db, other);
  return entry !== null;
}

async function findPosted(db: Db, order: RestoreOrder): Promise<Restoration | null> {
  const entry = await findInLedger(db, { _id: order.opId });
  if (entry === null) return null;
  const botIds = entry.botId === '' ? [] : [entry.botId];
  const opIds = order.undone;
  const undone = { amountMinor: Number(entry.amountMinor), botIds, opIds, since: entry.at };
  return toRestoration(order, undone, { ...entry, timestamp: entry.at });
}

function update(order: RestoreOrder, undone: Undone) {
  const { userId, opId } = order;
  const amount = Decimal128.fromString(minorText(undone.amountMinor));
  const row = {
    type: 'deposit',
    amount: { $toDouble: amount },
    botId: undone.botIds.length === 1 ? literal(undone.botIds[0]) : null,
    botName: null,
    description: literal(describe(undone)),
    balanceAfter: { $toDouble: { $add: [{ $toDecimal: BALANCE }, amount] } },
    timestamp: '$$NOW',
    opId,
    seq: { $add: [{ $ifNull: ['$ledgerState.seq', 0] }, 1] },
  };
  const receipt = {
    $mergeObjects: [
      `$${TMP}`,
      { previousBalance: { $toDouble: BALANCE }, undone: literal(order.undone) },
    ],
  };
  const settled = { $concatArrays: [SETTLED, [receipt]] };
  return {
    filter: {
      _id: new ObjectId(userId),
      'paperWallet.balance': { $gte: 0, $lte: MAX_MONEY },
      'walletTransactions.opId': { $ne: opId },
      'ledgerState.settled.opId': { $ne: opId },
      'ledgerState.settled.undone': { $nin: [...order.undone] },
      $expr: { $not: [{ $or: [isStanding(undone), isPaidSince(undone)] }] },
    },
    update: [
      { $set: { [TMP]: row } },
      {
        $set: {
          'paperWallet.balance': `$${TMP}.balanceAfter`,
          'paperWallet.lastUpdated': '$$NOW',
          walletTransactions: { $concatArrays: [ROWS, [`$${TMP}`]] },
          ledgerState: { $mergeObjects: [LEDGER_STATE, { seq: `$${TMP}.seq`, settled }] },
          __v: { $add: [{ $ifNull: ['$__v', 0] }, 1] },
        },
      },
      { $unset: TMP },
    ],
  };
}

/**
 * Whether a bot of those receipts has an allocation: with the money in it, or a new incarnation that must not be mixed
 * up with it.
 */
function isStanding({ botIds }: Undone): Expression {
  return { $gt: [{ $size: { $setIntersection: [HELD_IDS, literal(botIds)] } }, 0] };
}

/** Whether one of those bots was paid again after the receipts: the money of an allocation that came back with the
 * old copy. A row that has lost its moment may be such a payment. */
function isPaidSince({ botIds, opIds, since }: Undone): Expression {
  const isBefore = {
    $and: [{ $eq: [{ $type: '$$row.timestamp' }, 'date'] }, { $lte: ['$$row.timestamp', since] }],
  };
  const isLater = {
    $and: [
      { $eq: ['$$row.type', 'deallocate'] },
      { $in: ['$$row.botId', literal(botIds)] },
      { $not: [{ $in: ['$$row.opId', literal(opIds)] }] },
      { $not: [isBefore] },
    ],
  };
  const rows = { $concatArrays: [SETTLED, ROWS] };
  return { $gt: [{ $size: { $filter: { input: rows, as: 'row', cond: isLater } } }, 0] };
}

/** By another restoration that the ledger may not hold yet. */
function isNamed({ opId, undone }: RestoreOrder): Expression {
  const names = { $setIntersection: [{ $ifNull: ['$$row.undone', []] }, literal(undone)] };
  const isOther = { $and: [{ $ne: ['$$row.opId', opId] }, { $gt: [{ $size: names }, 0] }] };
  return { $gt: [{ $size: { $filter: { input: SETTLED, as: 'row', cond: isOther } } }, 0] };
}

function projection(order: RestoreOrder, undone: Undone): Document {
  const { opId } = order;
  const isOwn = { $eq: ['$$row.opId', opId] };
  const own = { $filter: { input: { $concatArrays: [SETTLED, ROWS] }, as: 'row', cond: isOwn } };
  return {
    row: { $first: own },
    isStanding: { $or: [isStanding(undone), isPaidSince(undone), isNamed(order)] },
    isMoney: { $and: [{ $gte: [BALANCE, 0] }, { $lte: [BALANCE, MAX_MONEY] }] },
  };
}

function describe({ amountMinor }: Undone): string {
  return `Restored $${minorText(amountMinor)} that an old copy of the wallet had taken back`;
}

function toRestoration(
  { opId, userId, undone: opIds }: RestoreOrder,
  undone: Undone,
  row: Document,
): Restoration {
  return {
    opId,
    userId,
    undone: opIds,
    botId: undone.botIds.length === 1 ? (undone.botIds[0] ?? '') : '',
    amountMinor: undone.amountMinor,
    previousBalance: Number(row.previousBalance ?? 0),
    newBalance: Number(row.balanceAfter),
    description: describe(undone),
    seq: Number(row.seq),
    restoredAt: row.timestamp.toISOString(),
  };
}
