// The sum that I11 is about: from one balance over every entry to the next, to the last decimal. Rows state
// the balance they left, which finds the first entry from which on the balances no longer agree. Pure: the
// same reading gives the same answer.

import { absolute, type Exact, printExact, roundingOf } from '../../domain/exact-decimal.ts';
import type { ChainReport } from './audit-report.ts';
import type { Checkpoint } from './mongodb/audit-checkpoints.ts';
import type { Standing } from './mongodb/audit-ledger.ts';
import { isStrippedFrom, type OwnMovements } from './own-movements.ts';
import type { NamedRow } from './row-identity.ts';
import { meaningOf, type RowMeaning } from './row-meaning.ts';
import { isPayment, type OwnPayment, type PaymentRun } from './undone-receipts.ts';
import type { OwnMovement, WalletRow } from './wallet-readings.ts';

export interface ChainInput {
  readonly start: Exact;
  /** The start is the balance at our first write, not one that an audit saw. */
  readonly isOpening: boolean;
  readonly end: Exact;
  /** Our own rows, and the platform's that no audit has taken in yet, in the order of the list. */
  readonly rows: readonly NamedRow[];
  readonly own: OwnMovements;
}

export interface Chain {
  readonly start: Exact;
  readonly entries: number;
  readonly sum: Exact;
  readonly expected: Exact;
  readonly found: Exact;
  /** Found less expected; 0 when all that is left is the rounding of doubles. */
  readonly difference: Exact;
  /** The change lies between these two entries, as far as the balances they state show; null: after the
   * start, or after the last entry. */
  readonly after: string | null;
  readonly before: string | null;
  readonly platform: readonly PlatformEntry[];
  /** Our payments that the document has lost: a stale save has taken back all of them. */
  readonly lost: readonly OwnPayment[];
  /** Our payments right before the break, and at the end: a stale save has taken back the last of one of them. */
  readonly lastRuns: readonly PaymentRun[];
}

export interface PlatformEntry {
  readonly opId: string;
  readonly row: WalletRow;
  readonly standing: Standing;
  readonly moved: Exact;
}

export function chainOf(input: ChainInput): Chain {
  const { start, end, isOpening } = input;
  const links = orderLinks(input);
  const rounding = roundingOf(links.length, largestOf(input, links));
  const isSame = (left: Exact, right: Exact) => absolute(left - right) <= rounding;
  const platform: PlatformEntry[] = [];
  let stated = start;
  let summed = start;
  let after: string | null = null;
  let before: string | null = null;
  let run: PaymentRun = { payments: [], isFromStart: true };
  let runBeforeBreak: PaymentRun | null = null;
  for (const link of links) {
    let moved = link.own?.amount ?? 0n;
    if (link.own === null) {
      const { opId, row } = link;
      const isFirst = isOpening && platform.length === 0;
      const meaning = meaningOf(row, { stated, summed }, isSame);
      const entry =
        isFirst && isInOpening(row, meaning, { start, stated }, isSame) ? IN_OPENING : meaning;
      platform.push({ opId, row, ...entry });
      moved = entry.moved;
    }
    summed += moved;
    stated = link.balanceAfter ?? stated + moved;
    if (!isSame(stated, summed)) {
      before ??= link.opId;
      runBeforeBreak ??= run;
    }
    if (isSame(stated, summed) && link.balanceAfter !== null) {
      after = link.opId;
      before = null;
      runBeforeBreak = null;
    }
    run =
      link.own !== null && isPayment(link.opId)
        ? { ...run, payments: [...run.payments, { opId: link.opId, amount: moved }] }
        : { payments: [], isFromStart: false };
  }
  const isConserved = isSame(end, summed);
  return {
    start,
    entries: links.length,
    sum: summed - start,
    expected: summed,
    found: end,
    difference: isConserved ? 0n : end - summed,
    after: isConserved ? null : after,
    before: isConserved ? null : before,
    platform,
    lost: input.own.lost.filter(({ opId }) => isPayment(opId)),
    lastRuns: isConserved ? [] : [...(runBeforeBreak === null ? [] : [runBeforeBreak]), run],
  };
}

type Link = {
  readonly opId: string;
  readonly balanceAfter: Exact | null;
} & ({ readonly own: OwnMovement } | { readonly own: null; readonly row: WalletRow });

/** The list's order. Of our own writes those without a row stand before the next one that has one. */
function orderLinks({ rows, own }: ChainInput): readonly Link[] {
  const withRow = new Set(rows.flatMap(({ row }) => row.own?.opId ?? []));
  const erased = [...own.bySeq.values(), ...own.lost]
    .filter(({ opId }) => !withRow.has(opId))
    .sort((left, right) => left.seq - right.seq);
  const links: Link[] = [];
  const pushOwn = (movement: OwnMovement | undefined) => {
    if (movement === undefined) return;
    links.push({ opId: movement.opId, balanceAfter: movement.balanceAfter, own: movement });
  };
  for (const { row, opId } of rows) {
    if (row.own !== null) {
      const { seq } = row.own;
      while ((erased[0]?.seq ?? seq) < seq) pushOwn(erased.shift());
      const movement = own.bySeq.get(seq);
      if (movement?.opId === row.own.opId) pushOwn(movement);
      continue;
    }
    const stripped = erased.findIndex((movement) => isStrippedFrom(row, movement));
    if (stripped >= 0) pushOwn(erased.splice(stripped, 1)[0]);
    else if (opId !== null) {
      links.push({ opId, balanceAfter: row.balanceAfter?.exact ?? null, own: null, row });
    }
  }
  for (const movement of erased) pushOwn(movement);
  return links;
}

function largestOf({ start, end }: ChainInput, links: readonly Link[]): Exact {
  const amounts = links.flatMap((link) => [
    link.balanceAfter ?? 0n,
    link.own === null ? (link.row.amount?.exact ?? 0n) : link.own.amount,
  ]);
  let largest = 0n;
  for (const amount of [start, end, ...amounts].map(absolute)) {
    if (amount > largest) largest = amount;
  }
  return largest;
}

const IN_OPENING: RowMeaning = { standing: 'before-opening', moved: 0n };

/** A writer that sets the balance and appends its row in two writes, with the opening between them: the
 * opening has the amount already, and the row proves it. One that goes on from the balance before it came after. */
function isInOpening(
  { balanceAfter }: WalletRow,
  { moved }: RowMeaning,
  { start, stated }: { readonly start: Exact; readonly stated: Exact },
  isSame: (left: Exact, right: Exact) => boolean,
): boolean {
  if (moved === 0n || balanceAfter === null) return false;
  return isSame(balanceAfter.exact, start) && !isSame(balanceAfter.exact, stated + moved);
}

/** As people read it: decimals as text, because JSON has only doubles. */
export function chainReport(
  checkpoint: Checkpoint | null,
  {
    chain,
    unposted,
    missing,
  }: { readonly chain: Chain; readonly unposted: number; readonly missing: readonly number[] },
): ChainReport {
  const { start, entries, sum, expected, found, difference, after, before } = chain;
  return {
    since:
      checkpoint === null || checkpoint.balance === null
        ? null
        : new Date(checkpoint.readAtMs).toISOString(),
    start: printExact(start),
    entries,
    sum: printExact(sum),
    expected: printExact(expected),
    found: printExact(found),
    difference: printExact(difference),
    after,
    before,
    unposted,
    missing: [...missing],
  };
}
