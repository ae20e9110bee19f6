// Hosts that are believed: one that has shown bots before is no stranger, and a stranger that shows nothing is unknown as
// long as there is money in bots.

import type { Db } from 'mongodb';
import type { HostExpectations } from '../../src/bots/hosts/host-expectations.ts';

/** For ports that ask nobody. */
export const EVERY_HOST_BELIEVED: HostExpectations = {
  doubts: async () => [],
  noteShown: async () => undefined,
};

/** As if these hosts had shown bots long ago, none of which is remembered. */
export async function knowHosts(db: Db, hosts: readonly string[]): Promise<void> {
  const unconfirmed = { confirmedEmptyAt: null, confirmedBy: null };
  const record = { bots: [], count: 0, observedAt: new Date(0), ...unconfirmed };
  await db.collection<{ _id: string }>('hostRecords').bulkWrite(
    hosts.map((host) => ({
      updateOne: {
        filter: { _id: host },
        update: { $setOnInsert: record },
        upsert: true,
      },
    })),
  );
}
