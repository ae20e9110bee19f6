// The orphan samples in a time-series collection: MongoDB packs the points of one user into buckets and lets
// go of them after 400 days, so that a history of hourly runs stays small by itself.

import { runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type { OrphanSample, OrphanSamples } from '../orphan-samples.ts';

export interface MongoOrphanSamplesDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

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

interface SampleDocument extends mongo.Document {
  readonly at: Date;
  readonly meta: { readonly userId: string | null };
  readonly runId: string;
}

export function createMongoOrphanSamples({
  connection,
}: MongoOrphanSamplesDependencies): OrphanSamples {
  const samples = () => nativeCollection<SampleDocument>(connection, ORPHAN_SAMPLES.collection);
  return {
    /** A time-series collection has no unique index, so the run is looked for within a day of its sample.
     * Two writers of one run at the same moment (a worker that lost its lease in the middle of it, and the
     * one that took over) can both miss the other: the run's point then stands twice in the history. Nothing
     * is summed over samples, so that costs no more than that. */
    async write({ runId, userId, at: moment, ...measured }) {
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

    async history({ userId, since, limit }) {
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

function parseSample(document: mongo.Document): OrphanSample {
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
