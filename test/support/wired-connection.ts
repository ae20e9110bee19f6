// A second connection to a test's database, over a wire that the test can cut.

import mongoose, { type Connection } from 'mongoose';
import { inject, onTestFinished } from 'vitest';
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Gives up soon when the wire is cut: a test waits for that error. */
const SERVER_SELECTION_TIMEOUT_MS = 700;

export interface WiredConnection {
  readonly proxy: TcpProxy;
  readonly wired: Connection;
}

/** @param options of the connection string, e.g. `retryWrites=false`. */
export async function connectThroughWire(
  connection: Connection,
  options: string,
): Promise<WiredConnection> {
  const { hostname, port } = new URL(inject('mongodbUri'));
  const proxy = await createTcpProxy({ host: hostname, port: Number(port) });
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true&${options}`;
  const wired = await mongoose
    .createConnection(uri, {
      dbName: connection.name,
      serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
    })
    .asPromise();
  onTestFinished(() => wired.close());
  return { proxy, wired };
}
