// The three places a receipt can be found in: `ledgerState.settled` and the ledger hold all of it, the
// embedded row only what the platform's format has room for. What the row lacks is computed from it in
// Decimal128 by the database, so that no arithmetic on money happens here.

import type { mongo } from 'mongoose';
import type { Receipt } from '../../deletion/ports/wallets.ts';
import { toInstanceId, type UserId } from '../../domain/ids.ts';
import type { Expression } from './wallet-expressions.ts';

/** A row another program has damaged still proves that the incarnation was paid. */
function decimal(field: string): Expression {
  return { $convert: { input: field, to: 'decimal', onError: 0, onNull: 0 } };
}

const minor = (field: string) => ({
  $toLong: { $multiply: [{ $round: [decimal(field), 2] }, 100] },
});

/** `$$row` as a receipt's fields, for `$map`. */
export const ROW_AS_RECEIPT: Expression = {
  opId: '$$row.opId',
  botId: '$$row.botId',
  botName: '$$row.botName',
  amount: { $toDouble: decimal('$$row.amount') },
  pnl: { $toDouble: decimal('$$row.pnl') },
  amountMinor: minor('$$row.amount'),
  pnlMinor: minor('$$row.pnl'),
  exactValue: decimal('$$row.amount'),
  previousBalance: {
    $toDouble: { $subtract: [decimal('$$row.balanceAfter'), decimal('$$row.amount')] },
  },
  newBalance: { $toDouble: decimal('$$row.balanceAfter') },
  description: '$$row.description',
  seq: '$$row.seq',
  settledAt: '$$row.timestamp',
};

export function receiptFromRow(userId: UserId, row: mongo.Document): Receipt {
  return toReceipt(userId, { ...row, instanceId: row.botId });
}

export function receiptFromSettled(userId: UserId, entry: mongo.Document): Receipt {
  return toReceipt(userId, entry);
}

export function receiptFromLedger(userId: UserId, entry: mongo.Document): Receipt {
  return toReceipt(userId, {
    ...entry,
    instanceId: entry.botId,
    newBalance: entry.balanceAfter,
    settledAt: entry.at,
  });
}

function toReceipt(userId: UserId, source: mongo.Document): Receipt {
  const { settledAt, overwrittenValue, life } = source;
  return {
    opId: String(source.opId),
    userId,
    instanceId: toInstanceId(source.instanceId),
    ...(typeof life === 'string' ? { life } : {}),
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
    settledAt: (settledAt instanceof Date ? settledAt : new Date(0)).toISOString(),
    ...(typeof overwrittenValue === 'string' ? { overwrittenValue } : {}),
  };
}

/** Decimal128 made from a double carries 15 digits: `1105.00000000000` is `1105`. */
export function trimZeros(decimalText: string): string {
  if (!/^-?\d+\.\d+$/.test(decimalText)) return decimalText;
  return decimalText.replace(/\.?0+$/, '');
}
