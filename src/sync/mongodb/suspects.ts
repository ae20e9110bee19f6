// Allocations that an observation has found nowhere else, until a second one repairs them or finds their bots: what
// passive runs leave for the confirming one, and what the orphan gauges count. One document per bot,
// `_id` = `<user>/<instanceId>`. All moments are the database's, and values are summed there, in decimals.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import type { InstanceId, UserId } from '../../domain/ids.ts';
import { chunksOf } from '../../domain/map-bounded.ts';
import { isMoneyValue, literal } from '../../wallet/mongodb/wallet-expressions.ts';

export type Fence = () => Promise<void>;

export interface NewSuspect {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** The incarnation; null for an allocation without a date, and where it was not read. */
  readonly incarnationId: string | null;
  /** Dollars, as read; for the gauges only. Null where it is not money. */
  readonly value: number | null;
  readonly runId: string;
}

export interface Suspect extends NewSuspect {
  /** ISO 8601, database time. */
  readonly firstObservedAt: string;
  readonly lastObservedAt: string;
}

export interface SuspectSummary {
  readonly count: number;
  readonly valueMinor: number;
  readonly oldestSeconds: number;
}

interface SuspectDocument extends Document {
  readonly _id: string;
}

/** Of one bulk: a run over all users may find thousands. */
const MAX_BATCH = 500;
/** Of one user; far more bots than any has. */
const MAX_LISTED = 10_000;

/** Every write of a run asks the fence right before it is sent (I5): a worker that was paused for longer than its run
 * lasted must not suspect again what was repaired meanwhile. */
export type Suspects = ReturnType<typeof createMongoSuspects>;

export function createMongoSuspects(db: Db) {
  const collection = () => majorityCollection<SuspectDocument>(db, 'suspects');
  return {
    /** Records what an observation has found; one that was recorded before keeps the moment of its first observation,
     * unless its incarnation is known to have changed: that is another suspicion. Repeatable. */
    async mark(suspects: readonly NewSuspect[], fence: Fence): Promise<void> {
      for (const batch of chunksOf(suspects.map(markWrite), MAX_BATCH)) {
        await fence();
        await runRepeatable(() => collection().bulkWrite(batch, { ordered: false }));
      }
    },

    /** Those of a user, oldest first. */
    async ofUser(userId: UserId): Promise<readonly Suspect[]> {
      const documents = await runRepeatable(() =>
        collection()
          .find({ userId })
          .sort({ firstObservedAt: 1, _id: 1 })
          .limit(MAX_LISTED)
          .toArray(),
      );
      return documents.map(parseSuspect);
    },

    /** Ends the suspicion: repaired, or observed to live. Repeatable. */
    async clear(userId: UserId, instanceIds: readonly InstanceId[], fence: Fence): Promise<void> {
      const ids = instanceIds.map((instanceId) => keyOf(userId, instanceId));
      await fence();
      await runRepeatable(() => collection().deleteMany({ _id: { $in: ids } }));
    },

    /** Ends all that were not observed since a run over all users began: what that run observed has been recorded
     * again by now, and what another run recorded meanwhile was not there to be observed.
     * @param run its id, and when it began, database time. What it recorded itself stays, however far ahead the clock was
     * that its beginning was read from. */
    async clearUnobserved(
      { id, beganAt }: { readonly id: string; readonly beganAt: Date },
      fence: Fence,
    ): Promise<void> {
      const filter = { lastObservedAt: { $lt: beganAt }, runId: { $ne: id } };
      await fence();
      await runRepeatable(() => collection().deleteMany(filter));
    },

    /** Count, value in cents (summed by the database) and the oldest moment; of one user, or of all. */
    async summary(userId: UserId | null): Promise<SuspectSummary> {
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

const SUMMARY: readonly Document[] = [
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
