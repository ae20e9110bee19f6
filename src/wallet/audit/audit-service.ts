// Runs over all users, one at a time in a process, each with a stored report: what the hourly schedule and an
// administrator's page share.

import { within } from '@reclaim/saga';
import type { UserId } from '../../domain/ids.ts';
import type { Audit, UserAuditReport } from './audit.ts';
import type { UserAudit } from './audit-once.ts';
import type { AuditRuns, StoredAuditRun } from './audit-runs.ts';
import type { AuditReport } from './tally.ts';

export interface AuditService {
  /** @throws InterruptedError; UnavailableError. */
  auditUser(userId: UserId, options: { readonly signal: AbortSignal }): Promise<UserAuditReport>;
  /** The same without the list of write-offs: for an audit whose report is not read. */
  checkUser(userId: UserId, options: { readonly signal: AbortSignal }): Promise<UserAudit>;
  /** Audits all users, or joins the run that this process has under way. Null: the joined run was not done
   * when the signal aborted, and continues. */
  auditAll(options: { readonly signal: AbortSignal }): Promise<AuditReport | null>;
  lastRun(): Promise<StoredAuditRun | null>;
  /** Since a run was begun, by whichever process; null before the first. */
  secondsSinceBegun(): Promise<number | null>;
}

export interface AuditServiceDependencies {
  readonly audit: Audit;
  readonly runs: AuditRuns;
  readonly onRun: (report: AuditReport) => void;
}

export function createAuditService({ audit, runs, onRun }: AuditServiceDependencies): AuditService {
  let running: Promise<AuditReport> | undefined;

  async function run(signal: AbortSignal): Promise<AuditReport> {
    const runId = await runs.begin();
    const report = await audit.auditAll({ signal });
    await runs.end(runId, report);
    onRun(report);
    return report;
  }

  return {
    auditUser: (userId, options) => audit.auditUser(userId, options),
    checkUser: (userId, options) => audit.checkUser(userId, options),
    auditAll: ({ signal }) => {
      if (running !== undefined) return within(running, { signal, late: null });
      running = run(signal).finally(() => {
        running = undefined;
      });
      return running;
    },
    lastRun: () => runs.last(),
    secondsSinceBegun: () => runs.secondsSinceBegun(),
  };
}
