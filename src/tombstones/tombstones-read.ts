// What is asked of all tombstones together: which are due, which have ended, how many are unfinished.

import { isOver, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document, WithId } from 'mongodb';
import { toUserId } from '../domain/ids.ts';
import { type EndedIncarnation, endedOf } from './ended-bots.ts';
import { LAST_CHECK_MS, type TombstoneDocument } from './tombstone-updates.ts';
import { type BotAtMoment, MAX_ASKED } from './tombstones.ts';

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

/** Takes due ones so that two janitors do not work on one: four bounded round trips for any number. The hold ends by itself,
 * so a janitor that dies keeps no tombstone (I1). Repeating it after a lost reply takes others; those taken before come back when the hold ends. */
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

/** Which bots were observed gone since they were last observed: what distinguishes a host that we have emptied from one
 * that has lost its bots (I4). */
export async function findEnded(
  db: Db,
  bots: readonly BotAtMoment[],
): Promise<ReadonlySet<BotAtMoment>> {
  if (bots.length > MAX_ASKED)
    throw new RangeError(`${bots.length} bots are too many for one query`);
  if (bots.length === 0) return new Set();
  const instanceIds = [...new Set(bots.map(({ instanceId }) => instanceId))];
  const ended = await runRepeatable(() =>
    majorityCollection<TombstoneDocument>(db, 'tombstones')
      .aggregate([
        { $match: { status: 'ended', instanceId: { $in: instanceIds } } },
        { $group: { _id: LIKENESS, endedAt: { $max: '$endedAt' } } },
        { $replaceWith: { $mergeObjects: ['$_id', { endedAt: '$endedAt' }] } },
      ])
      .toArray(),
  );
  return endedOf(bots, ended.map(parseEnd));
}

// An id that is used again each day has an end for each: the last of those that are alike is enough.
const LIKENESS = {
  ...{ instanceId: '$instanceId', userId: '$userId', firebaseUid: '$firebaseUid' },
  hosts: { $setUnion: [{ $ifNull: ['$observedBots.host', []] }, []] },
};

function parseEnd({ instanceId, userId, firebaseUid, endedAt, hosts }: Document): EndedIncarnation {
  return { instanceId, userId: toUserId(userId), firebaseUid, endedAt, hosts };
}

/** How many bots were paid back and are not yet observed gone: what the janitor still has to do (I1). Counted on the
 * index that holds what is to be checked, so that the ended ones, which are most, cost nothing. */
export function countUnfinished(db: Db): Promise<number> {
  return runRepeatable(() =>
    majorityCollection<TombstoneDocument>(db, 'tombstones').countDocuments({
      nextCheckAt: { $type: 'date' },
      status: 'settled',
    }),
  );
}
