// A chain as people read it: decimals as text, because JSON has only doubles.

import { printExact } from '../../domain/exact-decimal.ts';
import type { Checkpoint } from './audit-checkpoints.ts';
import type { Chain } from './chain.ts';

export interface ChainReport {
  /** The last checkpoint's moment; null: from the opening. */
  readonly since: string | null;
  readonly start: string;
  readonly entries: number;
  readonly sum: string;
  readonly expected: string;
  readonly found: string;
  /** `0` where everything is conserved. */
  readonly difference: string;
  /** The change lies between these two entries; null: at the start, or at the end. */
  readonly after: string | null;
  readonly before: string | null;
  /** Of our own entries, those that the ledger does not hold yet. */
  readonly unposted: number;
  /** Sequence numbers that neither row, receipt nor ledger knows. */
  readonly missing: readonly number[];
}

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
    since: checkpoint === null || checkpoint.balance === null ? null : checkpoint.at,
    start: printExact(start),
    entries,
    sum: printExact(sum),
    expected: printExact(expected),
    found: printExact(found),
    difference: printExact(difference),
    after,
    before,
    unposted,
    missing,
  };
}
