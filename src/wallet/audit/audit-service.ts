// Runs over all users, one at a time in a process, each with a stored report: what the hourly schedule and an
// administrator's page share.

import { within } from '@reclaim/saga';
import type { Audit } from './audit.ts';
import type { AuditReport } from './audit-report.ts';
import type { AuditRuns } from './mongodb/audit-runs.ts';

export interface AuditServiceDependencies {
  readonly audit: Audit;
  readonly runs: AuditRuns;
  readonly onRun: (report: AuditReport) => void;
}

export type AuditService = ReturnType<typeof createAuditService>;

export function createAuditService({ audit, runs, onRun }: AuditServiceDependencies) {
  let running: Promise<AuditReport> | undefined;

  async function run(signal: AbortSignal): Promise<AuditReport> {
    const runId = await runs.begin();
    const report = await audit.auditAll({ signal });
    await runs.end(runId, report);
    onRun(report);
    return report;
  }

  return {
    ...audit,
    /** Audits all users, or joins the run that this process has under way. Null: the joined run was not done
     * when the signal aborted, and continues. */
    auditAll: ({ signal }: { readonly signal: AbortSignal }): Promise<AuditReport | null> => {
      if (running !== undefined) return within(running, { signal, late: null });
      running = run(signal).finally(() => {
        running = undefined;
      });
      return running;
    },
    lastRun: runs.last,
    secondsSinceBegun: runs.secondsSinceBegun,
  };
}
