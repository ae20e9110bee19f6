// A database of its own for each test: runs go side by side on one server, and nothing is left behind.

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { inject, onTestFinished } from 'vitest';
import { openDb } from './open-db.ts';

/** A connection to a new, empty database; dropped and closed when the test has finished.
 * @param uri of another server than the run's. */
export async function createTestDatabase(uri = inject('mongodbUri')): Promise<Db> {
  const db = await openDatabase(uri);
  onTestFinished(async () => {
    await db.dropDatabase();
    await db.client.close();
  });
  return db;
}

/** A connection to an empty database of the run's server, in which an application may have made its collections and
 * indexes before: each of forty indexes is a file, and to make them is half of the time of a start. A test about what a
 * start makes needs `createTestDatabase`. */
export async function takeTestDatabase(): Promise<Db> {
  const db = emptied.pop() ?? (await openDatabase(inject('mongodbUri')));
  onTestFinished(async () => {
    for (const { name } of await db.listCollections().toArray()) {
      if (!name.startsWith('system.')) await db.collection(name).deleteMany({});
    }
    emptied.push(db);
  });
  return db;
}

/** Of this process, for its next tests. */
const emptied: Db[] = [];

function openDatabase(uri: string): Promise<Db> {
  const dbName = `${inject('databasePrefix')}${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  return openDb(uri, { dbName, directConnection: true });
}
