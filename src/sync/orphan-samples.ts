// How many orphans there were, over time: one sample per run, of one user or of all, kept as a time series.

import type { UserId } from '../domain/ids.ts';

export interface OrphanSamples {
  /** Repeatable: one sample per run, however often it is written. */
  write(sample: OrphanSample): Promise<void>;

  /** The newest first. `userId` null: of the runs over all users. */
  history(query: {
    readonly userId: UserId | null;
    readonly since: Date;
    readonly limit: number;
  }): Promise<readonly OrphanSample[]>;
}

export interface OrphanSample {
  /** The saga that observed it. */
  readonly runId: string;
  /** Null: all users. */
  readonly userId: UserId | null;
  /** ISO 8601, database time. */
  readonly at: string;
  /** Allocations whose bot was found nowhere. */
  readonly count: number;
  /** Integer cents, summed and rounded by the database. */
  readonly valueMinor: number;
  /** How long the oldest of them has been known to be one; 0 where there is none. */
  readonly oldestSeconds: number;
  /** Of these, how many the run paid back. */
  readonly repaired: number;
}
