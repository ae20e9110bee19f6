// The suspects in MongoDB: one document per bot, `_id` = `<user>/<instanceId>`. All moments are the
// database's, and values are summed there, in decimals.

import { runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import type { InstanceId, UserId } from '../../domain/ids.ts';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import { isMoneyValue, literal } from '../../wallet/mongodb/wallet-expressions.ts';
import type { NewSuspect, Suspect, Suspects } from '../suspects.ts';

export interface MongoSuspectsDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

interface SuspectDocument extends mongo.Document {
  readonly _id: string;
}

/** Of one bulk: a run over all users may find thousands. */
const MAX_BATCH = 500;
/** Of one user; far more bots than any has. */
const MAX_LISTED = 10_000;

export function createMongoSuspects({ connection }: MongoSuspectsDependencies): Suspects {
  const collection = () => nativeCollection<SuspectDocument>(connection, 'suspects');
  return {
    async mark(suspects, fence) {
      for (let from = 0; from < suspects.length; from += MAX_BATCH) {
        const batch = suspects.slice(from, from + MAX_BATCH).map(markWrite);
        await fence();
        await runRepeatable(() => collection().bulkWrite(batch, { ordered: false }));
      }
    },

    async ofUser(userId) {
      const documents = await runRepeatable(() =>
        collection()
          .find({ userId })
          .sort({ firstObservedAt: 1, _id: 1 })
          .limit(MAX_LISTED)
          .toArray(),
      );
      return documents.map(parseSuspect);
    },

    async clear(userId, instanceIds, fence) {
      const ids = instanceIds.map((instanceId) => keyOf(userId, instanceId));
      await fence();
      await runRepeatable(() => collection().deleteMany({ _id: { $in: ids } }));
    },

    async clearUnobserved({ id, beganAt }, fence) {
      const filter = { lastObservedAt: { $lt: beganAt }, runId: { $ne: id } };
      await fence();
      await runRepeatable(() => collection().deleteMany(filter));
    },

    async summary(userId) {
      const [summed] = await runRepeatable(() =>
        collection()
          .aggregate([{ $match: userId === null ? {} : { userId } }, ...SUMMARY])
          .toArray(),
      );
      return {
        count: Number(summed?.count ?? 0),
        valueMinor: Number(summed?.valueMinor ?? 0),
        oldestSeconds: Number(summed?.oldestSeconds ?? 0),
      };
    },
  };
}

function keyOf(userId: UserId, instanceId: InstanceId): string {
  return `${userId}/${instanceId}`;
}

function markWrite({ userId, instanceId, incarnationId, value, runId }: NewSuspect) {
  const known = { $ifNull: ['$incarnationId', null] };
  // A run over all users reads no incarnations: it must not begin the suspicion anew, nor the run after it.
  const isSameIncarnation = {
    $and: [
      { $eq: [{ $type: '$firstObservedAt' }, 'date'] },
      ...(incarnationId === null ? [] : [{ $in: [known, [null, literal(incarnationId)]] }]),
    ],
  };
  const fields = {
    userId,
    instanceId: literal(instanceId),
    incarnationId: incarnationId === null ? known : literal(incarnationId),
    value,
    runId: literal(runId),
    firstObservedAt: { $cond: [isSameIncarnation, '$firstObservedAt', '$$NOW'] },
    lastObservedAt: '$$NOW',
  };
  return {
    updateOne: {
      filter: { _id: keyOf(userId, instanceId) },
      update: [{ $set: fields }],
      upsert: true,
    },
  };
}

const SUMMARY: readonly mongo.Document[] = [
  {
    $group: {
      _id: null,
      count: { $sum: 1 },
      value: { $sum: { $cond: [isMoneyValue('$value'), { $toDecimal: '$value' }, 0] } },
      oldest: { $min: '$firstObservedAt' },
    },
  },
  {
    $project: {
      _id: 0,
      count: 1,
      valueMinor: { $toLong: { $multiply: [{ $round: ['$value', 2] }, 100] } },
      oldestSeconds: {
        $max: [0, { $floor: { $divide: [{ $subtract: ['$$NOW', '$oldest'] }, 1_000] } }],
      },
    },
  },
];

function parseSuspect(document: SuspectDocument): Suspect {
  const { userId, instanceId, incarnationId, value, runId, firstObservedAt, lastObservedAt } =
    document;
  return {
    userId,
    instanceId,
    incarnationId,
    value,
    runId,
    firstObservedAt: firstObservedAt.toISOString(),
    lastObservedAt: lastObservedAt.toISOString(),
  };
}
