// Which installation this is: one id for each database, made once and kept with what it names. It stands in front of every
// Redis key, so that two installations that share a Redis do not take each other's jobs.

import { randomBytes } from 'node:crypto';
import type { Connection } from 'mongoose';
import { isDuplicateKey } from './mongo-errors.ts';

interface InstallationDocument {
  _id: 'installation';
  id: string;
  createdAt: Date;
}

/** On a majority when it returns: an id that a failover took back would leave the jobs under it to nobody. */
export async function findInstallationId(connection: Connection): Promise<string> {
  const installations = connection.collection<InstallationDocument>('installation');
  const made = { id: randomBytes(6).toString('hex'), createdAt: new Date() };
  const find = () =>
    installations.findOneAndUpdate(
      { _id: 'installation' },
      { $setOnInsert: made },
      { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } },
    );
  // Of two processes that make it at once, the second finds the first one's.
  const found = await find().catch((error: unknown) => {
    if (isDuplicateKey(error)) return find();
    throw error;
  });
  if (found === null) throw new Error('the installation has no id');
  return found.id;
}
