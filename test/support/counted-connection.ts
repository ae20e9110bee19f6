// Another connection to a test's database, which counts the commands that it sends.

import mongoose, { type Connection } from 'mongoose';
import { inject, onTestFinished } from 'vitest';

export interface CountedConnection {
  readonly connection: Connection;
  /** How many were sent so far. */
  commands(): number;
}

/** Closed when the test has finished. */
export async function connectCounted(dbName: string): Promise<CountedConnection> {
  const connection = await mongoose
    .createConnection(inject('mongodbUri'), {
      dbName,
      directConnection: true,
      monitorCommands: true,
    })
    .asPromise();
  onTestFinished(() => connection.close());
  let sent = 0;
  connection.getClient().on('commandStarted', () => {
    sent += 1;
  });
  return { connection, commands: () => sent };
}
