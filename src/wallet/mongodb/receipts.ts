// The three places a receipt can be found in: `ledgerState.settled` and the ledger hold all of it, the
// embedded row only what the platform's format has room for. What the row lacks is computed from it in
// Decimal128 by the database, so that no arithmetic on money happens here.

import { BSON, type Document } from 'mongodb';
import type { InstanceId, UserId } from '../../domain/ids.ts';
import type { Receipt } from '../receipts.ts';
import type { Expression } from './wallet-expressions.ts';

/** A row that another program has damaged still proves that the incarnation was paid, and must not
 * fail the reads of all others in its batch. */
function converted(input: Expression, to: 'decimal' | 'double' | 'long'): Expression {
  return { $convert: { input, to, onError: 0, onNull: 0 } };
}

const decimal = (field: string) => converted(field, 'decimal');
const double = (input: Expression) => converted(input, 'double');

const minor = (field: string) =>
  converted({ $multiply: [{ $round: [decimal(field), 2] }, 100] }, 'long');

/** `$$row`, an embedded row or an entry of `ledgerState.settled`, as a receipt's fields, for `$map`. The
 * entry is the row and more; what only it has is computed where it is missing. */
export const ROW_AS_RECEIPT: Expression = {
  opId: '$$row.opId',
  instanceId: '$$row.botId',
  incarnationId: '$$row.incarnationId',
  botName: '$$row.botName',
  amount: double('$$row.amount'),
  pnl: double('$$row.pnl'),
  amountMinor: minor('$$row.amount'),
  pnlMinor: minor('$$row.pnl'),
  exactValue: { $ifNull: ['$$row.exactValue', decimal('$$row.amount')] },
  previousBalance: {
    $ifNull: [
      '$$row.previousBalance',
      double({ $subtract: [decimal('$$row.balanceAfter'), decimal('$$row.amount')] }),
    ],
  },
  newBalance: double('$$row.balanceAfter'),
  description: '$$row.description',
  seq: '$$row.seq',
  settledAt: '$$row.timestamp',
  isOverwritten: '$$row.isOverwritten',
  found: '$$row.found',
  valueSource: '$$row.valueSource',
  notLive: '$$row.notLive',
};

export function receiptFromRow(userId: UserId, row: Document): Receipt {
  const { isOverwritten, found } = row;
  return toReceipt(userId, {
    ...row,
    ...(isOverwritten === true ? { overwrittenValue: describeFound(found) } : {}),
  });
}

export function receiptFromLedger(userId: UserId, entry: Document): Receipt {
  return toReceipt(userId, {
    ...entry,
    ...(entry.source === 'platform' && { paidBy: 'platform' }),
    instanceId: entry.botId,
    newBalance: entry.balanceAfter,
    settledAt: entry.at,
  });
}

function toReceipt(userId: UserId, source: Document): Receipt {
  const { settledAt, overwrittenValue, incarnationId, paidBy, valueSource, notLive } = source;
  return {
    opId: String(source.opId),
    userId,
    // Found by this id or by its hash: checked before, and not to be doubted now.
    instanceId: source.instanceId as InstanceId,
    ...(typeof incarnationId === 'string' ? { incarnationId } : {}),
    botName: String(source.botName ?? ''),
    amount: Number(source.amount),
    pnl: Number(source.pnl),
    previousBalance: Number(source.previousBalance),
    newBalance: Number(source.newBalance),
    amountMinor: Number(source.amountMinor),
    pnlMinor: Number(source.pnlMinor),
    exactValue: trimZeros(String(source.exactValue)),
    description: String(source.description ?? ''),
    seq: Number(source.seq ?? 0),
    settledAt: toIsoText(settledAt),
    ...(typeof overwrittenValue === 'string' ? { overwrittenValue } : {}),
    ...(valueSource === 'bot' || valueSource === 'stored' ? { valueSource } : {}),
    ...(typeof notLive === 'string' ? { notLive } : {}),
    ...(paidBy === 'platform' ? { paidBy } : {}),
  };
}

/** Decimal128 made from a double carries 15 digits: `1105.00000000000` is `1105`. */
export function trimZeros(decimalText: string): string {
  if (!/^-?\d+\.\d+$/.test(decimalText)) return decimalText;
  let end = decimalText.length;
  while (decimalText[end - 1] === '0') end -= 1;
  if (decimalText[end - 1] === '.') end -= 1;
  return decimalText.slice(0, end);
}

function toIsoText(date: unknown): string {
  const isDate = date instanceof Date && !Number.isNaN(date.getTime());
  return (isDate ? date : new Date(0)).toISOString();
}

/** What stands where money should, short enough for a stuck saga's error. */
export function describeFound(found: unknown): string {
  if (found === undefined) return 'missing';
  if (typeof found === 'number') return String(found);
  const text = BSON.EJSON.stringify(found, { relaxed: true });
  return text.length > MAX_FOUND ? `${text.slice(0, MAX_FOUND)}…` : text;
}

const MAX_FOUND = 80;
