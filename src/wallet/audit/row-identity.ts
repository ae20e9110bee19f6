// What a row of the platform is called in the ledger. I2: the name follows from the row and its position among
// equal ones, so that taking the same list in again posts nothing twice, and two equal rows are two entries.

import type { UserId } from '../../domain/ids.ts';
import type { WalletRow } from './wallet-readings.ts';

export interface NamedRow {
  readonly row: WalletRow;
  /** Null for a row of our own, which has its name already. */
  readonly opId: string | null;
}

/** @param equalBefore how many equal rows without an `_id` come before these. */
export function nameRows(
  userId: UserId,
  rows: readonly WalletRow[],
  equalBefore: ReadonlyMap<string, number>,
): readonly NamedRow[] {
  const observed = new Map(equalBefore);
  return rows.map((row) => {
    if (row.own !== null) return { row, opId: null };
    if (row.rowId !== null) return { row, opId: opIdOfRow(userId, row.rowId) };
    const ordinal = observed.get(row.contentHash) ?? 0;
    observed.set(row.contentHash, ordinal + 1);
    return { row, opId: opIdOfContent(userId, row.contentHash, ordinal) };
  });
}

export function opIdOfRow(userId: UserId, rowId: string): string {
  return `legacy.${userId}.${rowId}`;
}

export function opIdOfContent(userId: UserId, contentHash: string, ordinal: number): string {
  return `legacy.${userId}.${contentHash}.${ordinal}`;
}

/** By what a row is recognised where the last audit ended. */
export function lockOf(row: WalletRow): string {
  if (row.own !== null) return `op:${row.own.opId}`;
  return row.rowId === null ? `content:${row.contentHash}` : `id:${row.rowId}`;
}
