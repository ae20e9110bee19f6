// How many bots were paid back and are not yet observed gone: what the janitor still has to do (I1). Counted on the
// index that holds what is to be checked, so that the ended ones, which are most, cost nothing.

import { runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection } from 'mongoose';
import { nativeCollection } from '../infra/mongodb/native.ts';
import type { TombstoneDocument } from './tombstone-updates.ts';

export function countUnfinished(connection: Connection): Promise<number> {
  return runRepeatable(() =>
    nativeCollection<TombstoneDocument>(connection, 'tombstones').countDocuments({
      nextCheckAt: { $type: 'date' },
      status: 'settled',
    }),
  );
}
