// The way from a mongoose connection to the driver under it. The hot path goes there directly: a
// mongoose collection would hold commands back in a queue of its own while the server is away, and a
// command that waits there is neither refused nor sent.

import { UnavailableError } from '@reclaim/saga';
import { majorityCollection } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';

/** @throws UnavailableError `MONGODB_NOT_CONNECTED` before the connection was opened. */
export function nativeDb({ db }: Connection): mongo.Db {
  if (db === undefined) {
    throw new UnavailableError('MONGODB_NOT_CONNECTED', 'the MongoDB connection was never opened');
  }
  return db;
}

/** A native collection with majority reads on the primary: what is read cannot be rolled back.
 * @throws UnavailableError `MONGODB_NOT_CONNECTED` before the connection was opened. */
export function nativeCollection<T extends mongo.Document>(
  connection: Connection,
  name: string,
): mongo.Collection<T> {
  return majorityCollection<T>(nativeDb(connection), name);
}
