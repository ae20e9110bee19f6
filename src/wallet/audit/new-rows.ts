// Which rows of a reading no audit has taken in yet. Mostly those behind the boundary; where the boundary is
// no longer where it was, because another program has rewritten the list, every row is compared with the ledger.

import type { UserId } from '../../domain/ids.ts';
import type { CheckpointState } from './mongodb/audit-checkpoints.ts';
import type { AuditLedger } from './mongodb/audit-ledger.ts';
import { isStrippedFrom } from './own-movements.ts';
import { lockOf, type NamedRow, nameRows, opIdOfContent } from './row-identity.ts';
import type { WalletReading, WalletRow } from './wallet-readings.ts';

/** Whether the rows before the boundary are still those that the checkpoint stands for. */
export function isWhereItWas(
  { boundaryIndex, rowBefore, rowCount }: WalletReading,
  { lastRow }: CheckpointState,
): boolean {
  if (boundaryIndex < 0 || boundaryIndex > rowCount) return false;
  if (lastRow === null) return true;
  // All rows before the boundary may have been trimmed.
  if (boundaryIndex === 0) return true;
  return rowBefore !== null && lockOf(rowBefore) === lastRow;
}

/** The rows behind the boundary without those of the platform that were taken in before. */
export async function findNew(
  ledger: AuditLedger,
  userId: UserId,
  rows: readonly WalletRow[],
  { position }: CheckpointState,
): Promise<readonly NamedRow[]> {
  const named = nameRows(userId, rows, await equalBefore(ledger, userId, rows, position));
  return without(named, await ledger.known(opIdsOf(named), position));
}

/** Of the whole list: those that are in the ledger under no name they may ever have had. */
export async function findNewInRewritten(
  ledger: AuditLedger,
  userId: UserId,
  rows: readonly WalletRow[],
  { position }: CheckpointState,
): Promise<readonly NamedRow[]> {
  const named = nameRows(userId, rows, new Map());
  const unknown = without(named, await ledger.known(opIdsOf(named), position));
  const former = formerNames(userId, named, unknown);
  const known = await ledger.known([...former.values()], position);
  const fresh = unknown.filter((row) => !known.has(former.get(row) ?? ''));
  const moments = fresh.flatMap(({ row }) => (row.own === null ? (row.atMs ?? []) : []));
  const own = await ledger.ownAt(userId, moments);
  return fresh.filter(({ row }) => !own.some((movement) => isStrippedFrom(row, movement)));
}

function opIdsOf(named: readonly NamedRow[]): string[] {
  return named.flatMap(({ opId }) => opId ?? []);
}

/** The first of a name is enough: a second row with the same `_id` is the same row. */
function without(named: readonly NamedRow[], known: ReadonlySet<string>): readonly NamedRow[] {
  const observed = new Set(known);
  return named.filter(({ opId }) => {
    if (opId === null) return true;
    if (observed.has(opId)) return false;
    observed.add(opId);
    return true;
  });
}

async function equalBefore(
  ledger: AuditLedger,
  userId: UserId,
  rows: readonly WalletRow[],
  position: number,
): Promise<ReadonlyMap<string, number>> {
  const hashes = rows.flatMap((row) =>
    row.own === null && row.rowId === null ? [row.contentHash] : [],
  );
  if (hashes.length === 0 || position === 0) return new Map();
  return ledger.countEqual(userId, [...new Set(hashes)], position);
}

/** A save of the whole list gives rows an `_id` that had none: what they were called before. */
function formerNames(
  userId: UserId,
  named: readonly NamedRow[],
  unknown: readonly NamedRow[],
): ReadonlyMap<NamedRow, string> {
  const next = new Map<string, number>();
  for (const { row } of named) {
    if (row.own !== null || row.rowId !== null) continue;
    next.set(row.contentHash, (next.get(row.contentHash) ?? 0) + 1);
  }
  const former = new Map<NamedRow, string>();
  for (const one of unknown) {
    const { own, rowId, contentHash } = one.row;
    if (own !== null || rowId === null) continue;
    const ordinal = next.get(contentHash) ?? 0;
    next.set(contentHash, ordinal + 1);
    former.set(one, opIdOfContent(userId, contentHash, ordinal));
  }
  return former;
}
