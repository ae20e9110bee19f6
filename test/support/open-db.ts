// A client of its own on one database, for what a test's own connection cannot show: a wire in between, counted commands,
// other options.

import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';

export interface OpenDbOptions extends MongoClientOptions {
  /** Default: the one that the address names. */
  readonly dbName?: string;
}

/** The caller ends it: `db.client.close()`. @throws when no server answers. */
export async function openDb(uri: string, { dbName, ...options }: OpenDbOptions = {}): Promise<Db> {
  const client = await MongoClient.connect(uri, options);
  return client.db(dbName);
}
