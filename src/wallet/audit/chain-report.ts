// A chain as people read it: decimals as text, because JSON has only doubles.

import { printExact } from '../../domain/exact-decimal.ts';
import type { ChainReport } from './audit-report.ts';
import type { Chain } from './chain.ts';
import type { Checkpoint } from './mongodb/audit-checkpoints.ts';

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
    missing: [...missing],
  };
}
