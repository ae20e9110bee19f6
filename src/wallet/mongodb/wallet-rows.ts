// A row of `walletTransactions` as the database converts it and as an audit reads it. The platform's rows
// may hold anything: what is no money, no date or no text is reported as such, and never fails a read (I4).

import { createHash } from 'node:crypto';
import { BSON, Decimal128, type Document, ObjectId } from 'mongodb';
import { type Exact, parseExact } from '../../domain/exact-decimal.ts';
import { MAX_MONEY } from '../../domain/money.ts';
import type { OwnMovement, WalletRow } from '../audit/wallet-readings.ts';
import { describeFound } from './receipts.ts';
import { type Expression, isObject } from './wallet-expressions.ts';

/** Before 1970 and after 9999 the cursor of a page has no form for a moment. */
const FIRST_MOMENT = new Date(0);
const LAST_MOMENT = new Date('9999-12-31T00:00:00.000Z');

/** `$$row`, for `$map`. */
export const ROW_FIELDS: Expression = {
  id: '$$row._id',
  opId: '$$row.opId',
  seq: '$$row.seq',
  type: '$$row.type',
  botId: '$$row.botId',
  botName: '$$row.botName',
  description: '$$row.description',
  amount: '$$row.amount',
  exact: decimalOf('$$row.amount'),
  minor: { $toLong: { $multiply: [{ $round: [decimalOf('$$row.amount'), 2] }, 100] } },
  balanceAfter: '$$row.balanceAfter',
  exactAfter: decimalOf('$$row.balanceAfter'),
  timestamp: '$$row.timestamp',
  at: momentOf('$$row.timestamp'),
  // Not a row at all: a text, a number, a list.
  raw: { $cond: [isObject('$$row'), '$$REMOVE', '$$row'] },
};

/** Signed money as a decimal, else null: NaN sorts below every number, texts and lists above. */
export function decimalOf(value: string): Expression {
  const isAmount = { $and: [{ $gte: [value, -MAX_MONEY] }, { $lte: [value, MAX_MONEY] }] };
  return { $cond: [isAmount, { $toDecimal: value }, null] };
}

function momentOf(value: string): Expression {
  const date = { $convert: { input: value, to: 'date', onError: null, onNull: null } };
  const isProper = {
    $and: [{ $gte: ['$$date', FIRST_MOMENT] }, { $lte: ['$$date', LAST_MOMENT] }],
  };
  return { $let: { vars: { date }, in: { $cond: [isProper, '$$date', null] } } };
}

export function parseWalletRow(row: Document): WalletRow {
  const isRow = row.raw === undefined;
  return {
    own: isRow ? ownOf(row) : null,
    rowId: isRow ? rowIdOf(row.id) : null,
    contentHash: contentHashOf(row),
    type: isRow ? textOf(row.type) : 'unknown',
    botId: isRow ? textOf(row.botId) : '',
    botName: isRow ? textOf(row.botName) : '',
    description: isRow ? textOf(row.description) : '',
    amount: amountOf(row),
    found: describeFound(isRow ? row.amount : row.raw),
    balanceAfter: balanceAfterOf(row),
    atMs: row.at instanceof Date ? row.at.getTime() : null,
  };
}

/** One of `ledgerState.settled`, with the row's own conversions. */
export function parseReceipt(receipt: Document): OwnMovement[] {
  const { own, amount, balanceAfter, botId, atMs } = parseWalletRow(receipt);
  if (own === null || amount === null) return [];
  return [{ ...own, amount: amount.exact, balanceAfter: balanceAfter?.exact ?? null, botId, atMs }];
}

export function exactOf(decimal: unknown): Exact | null {
  return decimal instanceof Decimal128 ? (parseExact(decimal.toString()) ?? null) : null;
}

/** Ours carry both; a row that lost one of them in a save of the whole list looks like the platform's. */
export function ownOf({ opId, seq }: Document): WalletRow['own'] {
  const number = Number(seq);
  const isOurs = typeof opId === 'string' && Number.isSafeInteger(number) && number > 0;
  return isOurs ? { opId, seq: number } : null;
}

function amountOf({ amount, exact, minor }: Document): WalletRow['amount'] {
  const value = exactOf(exact);
  if (value === null) return null;
  return {
    shown: Number(amount),
    exact: value,
    exactText: String(exact),
    minor: Number(minor),
  };
}

function balanceAfterOf({ balanceAfter, exactAfter }: Document): WalletRow['balanceAfter'] {
  const exact = exactOf(exactAfter);
  return exact === null ? null : { shown: Number(balanceAfter), exact };
}

/** Short enough for a cursor and a log line; what is no plain id is named by its hash. */
export function rowIdOf(id: unknown): string | null {
  if (id === undefined || id === null) return null;
  if (id instanceof ObjectId) return id.toHexString();
  if (typeof id === 'string' && /^[\w-]{1,64}$/.test(id)) return id;
  return `x${hashOf(id)}`;
}

/** Of the platform's own fields, in an order of our own, numbers by their value: a save that adds fields or
 * writes a whole number as another type leaves a row what it is. */
function contentHashOf(row: Document): string {
  const { type, amount, botId, botName, description, balanceAfter, timestamp, raw } = row;
  return hashOf([type, amount, botId, botName, description, balanceAfter, timestamp, raw]);
}

function hashOf(value: unknown): string {
  const text = BSON.EJSON.stringify([value], { relaxed: true });
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : describeFound(value);
}
