// A database of its own for each test: runs go side by side on one server, and nothing is left behind.

import { randomUUID } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { inject, onTestFinished } from 'vitest';

/** A connection to a new, empty database; dropped and closed when the test has finished.
 * @param uri of another server than the run's. */
export async function createTestDatabase(uri = inject('mongodbUri')): Promise<Connection> {
  const connection = await openDatabase(uri);
  onTestFinished(async () => {
    await connection.dropDatabase();
    await connection.close();
  });
  return connection;
}

/** A connection to an empty database of the run's server, in which an application may have made its collections and
 * indexes before: each of forty indexes is a file, and to make them is half of the time of a start. A test about what a
 * start makes needs `createTestDatabase`. */
export async function takeTestDatabase(): Promise<Connection> {
  const connection = emptied.pop() ?? (await openDatabase(inject('mongodbUri')));
  onTestFinished(async () => {
    for (const { name } of await connection.listCollections()) {
      if (!name.startsWith('system.')) await connection.collection(name).deleteMany({});
    }
    emptied.push(connection);
  });
  return connection;
}

/** Of this process, for its next tests. */
const emptied: Connection[] = [];

function openDatabase(uri: string): Promise<Connection> {
  const dbName = `${inject('databasePrefix')}${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  return mongoose.createConnection(uri, { dbName, directConnection: true }).asPromise();
}
