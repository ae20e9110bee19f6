// The reports of runs over all users, for operators and metrics: one document per run, dated by the database, kept for
// a quarter.

import { randomUUID } from 'node:crypto';
import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document, Filter } from 'mongodb';
import type { AuditReport, StoredAuditRun } from '../audit-report.ts';

interface RunDocument extends Document {
  readonly _id: string;
}

export type AuditRuns = ReturnType<typeof createMongoAuditRuns>;

export function createMongoAuditRuns(db: Db) {
  const runs = () => majorityCollection<RunDocument>(db, 'auditRuns');
  const newest = (filter: Filter<RunDocument>, since: string) =>
    runRepeatable(async () => {
      const ageMs = { $subtract: ['$$NOW', `$${since}`] };
      const [found] = await runs()
        .find(filter, { projection: { report: 1, startedAt: 1, finishedAt: 1, ageMs } })
        .sort({ startedAt: -1 })
        .limit(1)
        .toArray();
      return found;
    });
  return {
    /** Records that a run begins, so that no other process begins one beside it. @returns its id. */
    async begin(): Promise<string> {
      const runId = randomUUID();
      await runRepeatable(() =>
        runs().updateOne({ _id: runId }, [{ $set: { startedAt: '$$NOW' } }], { upsert: true }),
      );
      return runId;
    },

    async end(runId: string, report: AuditReport): Promise<void> {
      const fields = { finishedAt: '$$NOW', report: { $literal: report } };
      await runRepeatable(() => runs().updateOne({ _id: runId }, [{ $set: fields }]));
    },

    /** The newest run that has ended; null before the first. */
    async last(): Promise<StoredAuditRun | null> {
      const run = await newest({ finishedAt: { $type: 'date' } }, 'finishedAt');
      if (run === undefined) return null;
      return {
        report: run.report,
        startedAt: run.startedAt.toISOString(),
        finishedAt: run.finishedAt.toISOString(),
        ageSeconds: toSeconds(run.ageMs),
      };
    },

    /** Seconds since the newest run began, ended or not; null before the first. Database time. */
    async secondsSinceBegun(): Promise<number | null> {
      const run = await newest({}, 'startedAt');
      return run === undefined ? null : Math.round(Number(run.ageMs) / 1_000);
    },
  };
}

function toSeconds(ms: unknown): number {
  return Math.max(0, Math.round(Number(ms) / 1_000));
}
