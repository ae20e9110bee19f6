// A secret that outlives the process, for the embedded demo alone: a reader of this database can sign anything with it.

import { randomBytes } from 'node:crypto';
import type { Connection } from 'mongoose';

export async function sharedSecret(connection: Connection, name: string): Promise<string> {
  const secrets = connection.collection<{ _id: string; value: string }>('secrets');
  const made = randomBytes(48).toString('base64url');
  const found = await secrets.findOneAndUpdate(
    { _id: name },
    { $setOnInsert: { value: made } },
    { upsert: true, returnDocument: 'after' },
  );
  return found?.value ?? made;
}
