// How many orphans there were, over time: one sample per run, of one user or of all, in a time-series collection:
// MongoDB packs the points of one user into buckets and lets go of them after 400 days, so that a history of hourly runs
// stays small by itself.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import { type Static, Type } from 'typebox';
import type { UserId } from '../../domain/ids.ts';

export type OrphanSample = Static<typeof ORPHAN_SAMPLE>;
export const ORPHAN_SAMPLE = Type.Object({
  runId: Type.String({ description: 'The run that observed.' }),
  /** Null: all users. */
  userId: Type.Union([Type.Unsafe<UserId>(Type.String()), Type.Null()]),
  /** ISO 8601, database time. */
  at: Type.String(),
  count: Type.Integer({ description: 'Allocations whose bot was found nowhere.' }),
  /** Summed and rounded by the database. */
  valueMinor: Type.Integer({ description: 'Their value, in cents.' }),
  oldestSeconds: Type.Integer({
    description: 'How long the oldest of them had been known; 0 where there is none.',
  }),
  repaired: Type.Integer({ description: 'How many of them the run paid back.' }),
});

const DAY_MS = 86_400_000;
const MAX_LISTED = 1_000;

/** Made by the migration; written to before that, MongoDB would make an ordinary collection of it. */
export const ORPHAN_SAMPLES = {
  collection: 'orphanSamples',
  options: {
    timeseries: { timeField: 'at', metaField: 'meta', granularity: 'minutes' },
    expireAfterSeconds: 400 * 86_400,
  },
} as const;

interface SampleDocument extends Document {
  readonly at: Date;
  readonly meta: { readonly userId: string | null };
  readonly runId: string;
}

export type OrphanSamples = ReturnType<typeof createMongoOrphanSamples>;

export function createMongoOrphanSamples(db: Db) {
  const samples = () => majorityCollection<SampleDocument>(db, ORPHAN_SAMPLES.collection);
  return {
    /** Repeatable: one sample per run, however often it is written. A time-series collection has no unique index, so the
     * run is looked for within a day of its sample. Two writers of one run at the same moment (a worker that lost its
     * lease in the middle of it, and the one that took over) can both miss the other: the run's point then stands twice in
     * the history. Nothing is summed over samples, so that costs no more than that. */
    async write({ runId, userId, at: moment, ...measured }: OrphanSample): Promise<void> {
      const at = new Date(moment);
      const near = { $gte: new Date(at.getTime() - DAY_MS), $lte: new Date(at.getTime() + DAY_MS) };
      await runRepeatable(async () => {
        const written = await samples().findOne(
          { 'meta.userId': userId, at: near, runId },
          { projection: { _id: 1 } },
        );
        if (written === null) {
          await samples().insertOne({ at, meta: { userId }, runId, ...measured });
        }
      });
    },

    /** The newest first. `userId` null: of the runs over all users. */
    async history({
      userId,
      since,
      limit,
    }: {
      readonly userId: UserId | null;
      readonly since: Date;
      readonly limit: number;
    }): Promise<readonly OrphanSample[]> {
      const documents = await runRepeatable(() =>
        samples()
          .find({ 'meta.userId': userId, at: { $gte: since } })
          .sort({ at: -1 })
          .limit(Math.min(Math.max(1, Math.trunc(limit)), MAX_LISTED))
          .toArray(),
      );
      return documents.map(parseSample);
    },
  };
}

function parseSample(document: Document): OrphanSample {
  const { runId, meta, at, count, valueMinor, oldestSeconds, repaired } = document;
  return {
    runId,
    userId: meta.userId,
    at: at.toISOString(),
    count,
    valueMinor,
    oldestSeconds,
    repaired,
  };
}
