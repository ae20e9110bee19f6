// Taking due tombstones so that two janitors do not work on one: four bounded round trips for any number. The hold ends
// by itself, so a janitor that dies keeps no tombstone (I1).

import { isOver, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, WithId } from 'mongodb';
import { LAST_CHECK_MS, type TombstoneDocument } from './tombstone-updates.ts';

export interface Taking {
  readonly limit: number;
  readonly holdMs: number;
  /** Names this taking; unique. */
  readonly token: string;
}

/** Of one taking: what one janitor can check before its hold ends. */
const MAX_LIMIT = 500;

/** Due by the database's clock and held by no janitor. */
const isDue = (holdMs: number) => ({
  nextCheckAt: { $type: 'date' },
  $expr: { $and: [{ $lte: ['$nextCheckAt', '$$NOW'] }, isOver('$heldUntil', holdMs)] },
});

/** Further ahead than any check is scheduled: from before the clock went back. */
const IS_LOST = {
  nextCheckAt: { $type: 'date' },
  $expr: { $gt: ['$nextCheckAt', { $add: ['$$NOW', LAST_CHECK_MS] }] },
};

/** Repeating it after a lost reply takes others; those taken before come back when the hold ends. */
export function takeDueTombstones(
  db: Db,
  { limit, holdMs, token }: Taking,
): Promise<readonly WithId<TombstoneDocument>[]> {
  const size = Math.min(Math.max(1, Math.trunc(limit)), MAX_LIMIT);
  return runRepeatable(async () => {
    const tombstones = majorityCollection<TombstoneDocument>(db, 'tombstones');
    await tombstones.updateMany(IS_LOST, [{ $set: { nextCheckAt: '$$NOW' } }]);
    const due = await tombstones
      .find(isDue(holdMs), { projection: { _id: 1 } })
      .sort({ nextCheckAt: 1 })
      .limit(size)
      .toArray();
    if (due.length === 0) return [];
    await tombstones.updateMany({ _id: { $in: due.map(({ _id }) => _id) }, ...isDue(holdMs) }, [
      { $set: { heldUntil: { $add: ['$$NOW', holdMs] }, takenBy: { $literal: token } } },
    ]);
    return tombstones.find({ takenBy: token }).sort({ nextCheckAt: 1 }).toArray();
  });
}
