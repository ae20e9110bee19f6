// Chooses the process for a job that one at a time should do (relay, schedules, audit, a round of health): a document of
// `leaderLeases` each, taken by one conditional write against the database's own clock. For economy only: two at once must
// be harmless.

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { isOver } from '../../mongodb/holds.ts';
import { runRepeatable, runUpsert } from '../../mongodb/mongo-errors.ts';

interface LeaseDocument {
  _id: string;
  owner: string;
  until: Date;
  /** For how long it was taken. */
  ttlMs: number;
}

export type LeaderLeases = ReturnType<typeof createMongoLeaderLeases>;

/** Each call makes another holder. */
export function createMongoLeaderLeases(db: Db) {
  const leases = db.collection<LeaseDocument>('leaderLeases');
  const owner = randomUUID();
  return {
    /** True while this holder has the lease; renews it then. */
    hold: async (name: string, ttlMs: number): Promise<boolean> => {
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
    /** Gives all leases back, so that the next holder need not wait. */
    giveBack: (): Promise<void> =>
      runRepeatable(async () => void (await leases.deleteMany({ owner }))),
  };
}
