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

export const MEASURED: readonly Measurement[] = [];
