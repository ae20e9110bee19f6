// Which installation this is: one id for each database, made once and kept with what it names. It stands in front of every
// Redis key, so that two installations that share a Redis do not take each other's jobs.

import { randomBytes } from 'node:crypto';
import { runUpsert } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import { createMongoAccounts } from '../wallet/mongodb/accounts.ts';

interface InstallationDocument {
  _id: 'installation';
  id: string;
  createdAt: Date;
  isBesidePlatform: boolean;
}

export interface Installation {
  readonly id: string;
  /** Whether users had allocations when it was made: they are another program's, and were never checked. */
  readonly isBesidePlatform: boolean;
}

/** On a majority when it returns: an id that a failover took back would leave the jobs under it without an owner. */
export async function findInstallation(db: Db): Promise<Installation> {
  const installations = db.collection<InstallationDocument>('installation');
  const isThere = await installations.findOne({ _id: 'installation' });
  const made = {
    id: randomBytes(6).toString('hex'),
    createdAt: new Date(),
    isBesidePlatform: isThere === null && (await createMongoAccounts(db).hasAllocations()),
  };
  const find = () =>
    installations.findOneAndUpdate(
      { _id: 'installation' },
      { $setOnInsert: made },
      { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } },
    );
  // Of two processes that make it at once, the second finds the first one's.
  const found = await runUpsert(find);
  return { id: found.id, isBesidePlatform: found.isBesidePlatform };
}
