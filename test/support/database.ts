// A database of its own for each test: runs go side by side on one server, and nothing is left behind.

import { randomUUID } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { inject, onTestFinished } from 'vitest';

/** A connection to a new, empty database; dropped and closed when the test has finished.
 * @param uri of another server than the run's. */
export async function createTestDatabase(uri = inject('mongodbUri')): Promise<Connection> {
  const name = `t_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const connection = await mongoose
    .createConnection(uri, { dbName: name, directConnection: true })
    .asPromise();
  onTestFinished(async () => {
    await connection.dropDatabase();
    await connection.close();
  });
  return connection;
}
