// How many bots were paid back and are not yet observed gone: what the janitor still has to do (I1). Counted on the
// index that holds what is to be checked, so that the ended ones, which are most, cost nothing.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import type { TombstoneDocument } from './tombstone-updates.ts';

export function countUnfinished(db: Db): Promise<number> {
  return runRepeatable(() =>
    majorityCollection<TombstoneDocument>(db, 'tombstones').countDocuments({
      nextCheckAt: { $type: 'date' },
      status: 'settled',
    }),
  );
}
