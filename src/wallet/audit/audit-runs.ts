// The reports of runs over all users, for operators and metrics.

import type { AuditReport } from './tally.ts';

export interface AuditRuns {
  /** Records that a run begins, so that no other process begins one beside it. @returns its id. */
  begin(): Promise<string>;

  end(runId: string, report: AuditReport): Promise<void>;

  /** The newest run that has ended; null before the first. */
  last(): Promise<StoredAuditRun | null>;

  /** Seconds since the newest run began, ended or not; null before the first. Database time. */
  secondsSinceBegun(): Promise<number | null>;
}

export interface StoredAuditRun {
  readonly report: AuditReport;
  /** ISO 8601, database time. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly ageSeconds: number;
}
