// A second connection to a test's database, over a wire that the test can cut.

import type { Db } from 'mongodb';
import { inject, onTestFinished } from 'vitest';
import { openDb } from './open-db.ts';
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Gives up soon when the wire is cut: a test waits for that error. */
const SERVER_SELECTION_TIMEOUT_MS = 700;

export interface WiredConnection {
  readonly proxy: TcpProxy;
  readonly wired: Db;
}

/** @param options of the connection string, e.g. `retryWrites=false`. */
export async function connectThroughWire(db: Db, options: string): Promise<WiredConnection> {
  const { hostname, port } = new URL(inject('mongodbUri'));
  const proxy = await createTcpProxy({ host: hostname, port: Number(port) });
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true&${options}`;
  const wired = await openDb(uri, {
    dbName: db.databaseName,
    serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
  });
  onTestFinished(() => wired.client.close());
  return { proxy, wired };
}
