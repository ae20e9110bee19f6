// Another connection to a test's database, which counts the commands that it sends.

import type { Db } from 'mongodb';
import { inject, onTestFinished } from 'vitest';
import { openDb } from './open-db.ts';

export interface CountedConnection {
  readonly db: Db;
  /** How many were sent so far. */
  commands(): number;
}

/** Closed when the test has finished. */
export async function connectCounted(dbName: string): Promise<CountedConnection> {
  const db = await openDb(inject('mongodbUri'), {
    dbName,
    directConnection: true,
    monitorCommands: true,
  });
  onTestFinished(() => db.client.close());
  let sent = 0;
  db.client.on('commandStarted', () => {
    sent += 1;
  });
  return { db, commands: () => sent };
}
