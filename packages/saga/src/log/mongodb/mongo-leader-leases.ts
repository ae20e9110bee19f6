// Leader leases as documents of `leaderLeases`: taken by one conditional write against the database's own clock.

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { isOver } from '../../mongodb/holds.ts';
import { runRepeatable, runUpsert } from '../../mongodb/mongo-errors.ts';
import type { LeaderLeases } from '../leader-leases.ts';

interface LeaseDocument {
  _id: string;
  owner: string;
  until: Date;
  /** For how long it was taken. */
  ttlMs: number;
}

/** Each call makes another holder. */
export function createMongoLeaderLeases(db: Db): LeaderLeases {
  const leases = db.collection<LeaseDocument>('leaderLeases');
  const owner = randomUUID();
  return {
    hold: async (name, ttlMs) => {
      const isFree = { $or: [{ $eq: ['$owner', owner] }, isOver('$until', '$ttlMs')] };
      const taken = { owner, until: { $add: ['$$NOW', ttlMs] }, ttlMs };
      // A condition in the filter would make a second document where the lease is held.
      const next = { $cond: [isFree, { $mergeObjects: ['$$ROOT', taken] }, '$$ROOT'] };
      const options = { upsert: true, returnDocument: 'after' } as const;
      const lease = await runUpsert(() =>
        leases.findOneAndUpdate({ _id: name }, [{ $replaceWith: next }], options),
      );
      return lease.owner === owner;
    },
    giveBack: () => runRepeatable(async () => void (await leases.deleteMany({ owner }))),
  };
}
