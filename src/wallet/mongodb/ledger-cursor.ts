// Pages of what is listed newest first, the ledger above all: where one ended, opaque to the client that carries it, and
// what comes after it.

import { BadCursorError } from '@reclaim/saga';
import type { LedgerEntry } from '../ledger.ts';

export interface LedgerCursor {
  readonly at: Date;
  readonly id: string;
}

export function printCursor({ at, id }: LedgerCursor): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString('base64url');
}

/** @throws BadCursorError for anything that `printCursor` did not make. */
export function parseCursor(text: string): LedgerCursor {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const [, ms, id] = /^(\d{1,15})\.(.{1,400})$/s.exec(plain) ?? [];
  if (ms === undefined || id === undefined) {
    throw new BadCursorError();
  }
  return { at: new Date(Number(ms)), id };
}

/** A part of a filter: what is sorted after the cursor by `at` and `_id`, newest first. */
export function olderThan(after: LedgerCursor | undefined) {
  if (after === undefined) return {};
  const { at, id } = after;
  return { $or: [{ at: { $lt: at } }, { at, _id: { $lt: id } }] };
}

/** Entries that are on their way into the ledger, in their position on a page of it: in the order of its sort, behind its
 * cursor, and each once, however far the posting has come meanwhile. */
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
