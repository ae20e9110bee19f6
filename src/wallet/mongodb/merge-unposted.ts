// Entries that are on their way into the ledger, in their position on a page of it: in the order of its sort, behind
// its cursor, and each once, however far the posting has come meanwhile.

import type { LedgerEntry } from '../ledger.ts';
import type { LedgerCursor } from './ledger-cursor.ts';

export function mergeUnposted(
  posted: readonly LedgerEntry[],
  unposted: readonly LedgerEntry[],
  after: LedgerCursor | undefined,
): readonly LedgerEntry[] {
  if (unposted.length === 0) return posted;
  const known = new Set(posted.map(({ opId }) => opId));
  const added = unposted.filter((entry) => !known.has(entry.opId) && isAfter(entry, after));
  return [...posted, ...added].sort(newestFirst);
}

function isAfter({ at, opId }: LedgerEntry, cursor: LedgerCursor | undefined): boolean {
  if (cursor === undefined) return true;
  const differenceMs = Date.parse(at) - cursor.at.getTime();
  return differenceMs < 0 || (differenceMs === 0 && opId < cursor.id);
}

function newestFirst(one: LedgerEntry, other: LedgerEntry): number {
  const differenceMs = Date.parse(other.at) - Date.parse(one.at);
  if (differenceMs !== 0) return differenceMs;
  return one.opId < other.opId ? 1 : -1;
}
