// Which bots were observed gone since they were last observed: what distinguishes a host that we have emptied from one
// that has lost its bots (I4).

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import type { TombstoneDocument } from './tombstone-updates.ts';
import { type BotAtMoment, MAX_ASKED } from './tombstones.ts';

export async function findEnded(
  db: Db,
  bots: readonly BotAtMoment[],
): Promise<ReadonlySet<string>> {
  if (bots.length > MAX_ASKED)
    throw new RangeError(`${bots.length} bots are too many for one query`);
  if (bots.length === 0) return new Set();
  const instanceIds = [...new Set(bots.map(({ instanceId }) => instanceId))];
  const ended = await runRepeatable(() =>
    majorityCollection<TombstoneDocument>(db, 'tombstones')
      .aggregate([
        { $match: { status: 'ended', instanceId: { $in: instanceIds } } },
        { $group: { _id: '$instanceId', endedAt: { $max: '$endedAt' } } },
      ])
      .toArray(),
  );
  const lastEnds = new Map<string, Date>(ended.map(({ _id, endedAt }) => [_id, endedAt]));
  const isGone = ({ instanceId, at }: BotAtMoment) => {
    const end = lastEnds.get(instanceId);
    return end !== undefined && end > at;
  };
  return new Set(bots.filter(isGone).map(({ instanceId }) => instanceId));
}
