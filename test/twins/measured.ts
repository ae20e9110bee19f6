// Figures for docs/guarantees.md that a run of its own finds out: each with the command that gives it again. None
// stands here that nobody has run; without any, the page has no such section.

import type { Invariant } from './twin-facts.ts';

export interface Measurement {
  readonly figure: 'states explored' | 'crash points run' | 'seeds run' | 'soak';
  readonly invariants: readonly Invariant[];
  /** As it is to be read, with its unit, e.g. `48,213` or `6 h, 1,204,331 sagas`. */
  readonly value: string;
  readonly command: string;
}

export const MEASURED: readonly Measurement[] = [
  {
    figure: 'states explored',
    invariants: ['I1', 'I5', 'I6', 'I9', 'I10'],
    value:
      'delete-bot 459,837, provision-bot 304,997, reclaim-orphan 77,551, sync-all 17,184, sync-wallet 9,870, restart-bot 38,598',
    command: 'npx vitest run test/unit/every-order.full.test.ts',
  },
  {
    figure: 'crash points run',
    invariants: ['I1', 'I2', 'I4', 'I5', 'I6'],
    value:
      'delete-bot 140 points in 14,944 runs, provision-bot 151 in 13,852, reclaim-orphan 3,324, sync-all 63 in 1,730, sync-wallet 1,420, restart-bot 3,182',
    command: 'npm run crash',
  },
  {
    figure: 'seeds run',
    invariants: ['I1', 'I2', 'I4', 'I5', 'I6', 'I9', 'I10', 'I11'],
    value: 'deletions and reclaimings 2,000, provisions beside them 2,000',
    command: 'SEEDS=2000 npm run simulate',
  },
  {
    figure: 'soak',
    invariants: ['I1', 'I2', 'I3', 'I4', 'I7', 'I8', 'I9', 'I10', 'I11', 'I12'],
    value: '6,555 sagas, 1,045 faults, no violation',
    command: 'npm run soak -- --minutes 2',
  },
];
