// Which of our own writes lie between two balances. Every one raised the user's sequence by one, so the
// sequence counts how many there must be; rows, receipts and ledger entries record what they moved. A row that a
// legacy writer erased is still known from the other two (I2, I11).

import type { OwnMovement, WalletRow } from './wallet-readings.ts';

export interface OwnMovements {
  readonly bySeq: ReadonlyMap<number, OwnMovement>;
  /** Those that a save of the whole document has taken out of it, before any audit saw them. */
  readonly lost: readonly OwnMovement[];
  /** How many of them the ledger does not hold yet. */
  readonly unposted: number;
  /** Sequence numbers that nothing is known of; at most a few. */
  readonly missing: readonly number[];
}

export interface SeqRange {
  readonly after: number;
  readonly upTo: number;
  /** Between which moments the ledger may hold what the document has lost, database time, ms. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

const MAX_MISSING = 10;

/** @param posted the ledger's; of two with one number (a stale save of the whole document gives a number out
 * twice) the first counts.
 * @param again our rows that lie between them as well, under numbers that were given out before. */
export function resolveOwn(
  range: SeqRange,
  rows: readonly WalletRow[],
  receipts: readonly OwnMovement[],
  posted: readonly OwnMovement[],
  again: readonly WalletRow[] = [],
): OwnMovements {
  const postedById = new Map(posted.map((entry) => [entry.opId, entry]));
  const bySeq = new Map<number, OwnMovement>();
  const isBetween = ({ seq }: OwnMovement) => seq > range.after && seq <= range.upTo;
  const inOrder = [...rows.flatMap(movementOfRow), ...receipts, ...posted].filter(isBetween);
  for (const movement of [...again.flatMap(movementOfRow), ...inOrder]) {
    const { seq, opId } = movement;
    if (bySeq.has(seq)) continue;
    // The balance must match the ledger; the row gives place and time.
    const amount = postedById.get(opId)?.amount ?? movement.amount;
    bySeq.set(seq, { ...movement, amount });
  }
  const unposted = [...bySeq.values()].filter(({ opId }) => !postedById.has(opId)).length;
  const counted = new Set([...bySeq.values()].map(({ opId }) => opId));
  const lost = posted.filter(({ opId, atMs }) => {
    return !counted.has(opId) && (atMs ?? 0) > range.sinceMs && (atMs ?? 0) <= range.untilMs;
  });
  return { bySeq, lost, unposted, missing: findMissing(range, bySeq) };
}

function movementOfRow({ own, amount, balanceAfter, botId, atMs }: WalletRow): OwnMovement[] {
  if (own === null || amount === null) return [];
  const after = balanceAfter?.exact ?? null;
  return [{ ...own, amount: amount.exact, balanceAfter: after, botId, atMs }];
}

function findMissing({ after, upTo }: SeqRange, known: ReadonlyMap<number, unknown>): number[] {
  const missing: number[] = [];
  // Ends after the known ones and a few more, however large a number the sequence holds.
  for (let seq = after + 1; seq <= upTo && missing.length < MAX_MISSING; seq += 1) {
    if (!known.has(seq)) missing.push(seq);
  }
  return missing;
}

/** Whether a row that carries none of our fields is this write's all the same: a legacy writer that saves the
 * whole list drops what its schema does not know. */
export function isStrippedFrom(row: WalletRow, movement: OwnMovement): boolean {
  return (
    row.own === null &&
    row.atMs !== null &&
    row.atMs === movement.atMs &&
    row.botId === movement.botId &&
    row.amount?.exact === movement.amount
  );
}
