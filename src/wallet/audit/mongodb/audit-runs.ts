// Reports of audits in MongoDB: one document per run, dated by the database, kept for a quarter.

import { randomUUID } from 'node:crypto';
import { runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { nativeCollection } from '../../../infra/mongodb/native.ts';
import type { AuditRuns } from '../audit-runs.ts';

export interface MongoAuditRunsDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

interface RunDocument extends mongo.Document {
  readonly _id: string;
}

export function createMongoAuditRuns({ connection }: MongoAuditRunsDependencies): AuditRuns {
  const runs = () => nativeCollection<RunDocument>(connection, 'auditRuns');
  const newest = (filter: mongo.Filter<RunDocument>, since: string) =>
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
    async begin() {
      const runId = randomUUID();
      await runRepeatable(() =>
        runs().updateOne({ _id: runId }, [{ $set: { startedAt: '$$NOW' } }], { upsert: true }),
      );
      return runId;
    },

    async end(runId, report) {
      const fields = { finishedAt: '$$NOW', report: { $literal: report } };
      await runRepeatable(() => runs().updateOne({ _id: runId }, [{ $set: fields }]));
    },

    async last() {
      const run = await newest({ finishedAt: { $type: 'date' } }, 'finishedAt');
      if (run === undefined) return null;
      return {
        report: run.report,
        startedAt: run.startedAt.toISOString(),
        finishedAt: run.finishedAt.toISOString(),
        ageSeconds: toSeconds(run.ageMs),
      };
    },

    async secondsSinceBegun() {
      const run = await newest({}, 'startedAt');
      return run === undefined ? null : Math.round(Number(run.ageMs) / 1_000);
    },
  };
}

function toSeconds(ms: unknown): number {
  return Math.max(0, Math.round(Number(ms) / 1_000));
}
