// A MongoDB that asks who one is, with a user who may read and write and nothing else: what a careful
// administrator gives a program.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { onTestFinished } from 'vitest';
import { MONGODB } from '../../src/infra/embedded/mongodb-server.ts';
import { startOwnedProcess } from '../../src/infra/embedded/owned-process.ts';
import { anyFreePort, LOOPBACK } from '../../src/infra/embedded/ports.ts';
import { memoryFolder } from './memory-folder.ts';
import { serverProgram } from './server-program.ts';
import { waitFor } from './wait-for.ts';

const SET = 'guarded';
const TIMEOUT_MS = 60_000;
const PASSWORD = 'of-a-test';

export interface GuardedMongodb {
  /** As a user with the rights of `readWrite`, on every database, and no other. */
  readonly uri: string;
  /** As the root of the server. */
  readonly rootUri: string;
}

/** A server of its own for the test, a replica set of one; gone with the test. */
export async function startGuardedMongodb(): Promise<GuardedMongodb> {
  const path = await serverProgram(MONGODB);
  const folder = await mkdtemp(join(await memoryFolder(), 'reclaim-test-'));
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, 'A'.repeat(64), { mode: 0o600 });
  const port = await anyFreePort();
  const child = await startOwnedProcess({
    command: path,
    args: [
      ...['--dbpath', folder, '--port', String(port), '--bind_ip', LOOPBACK, '--nounixsocket'],
      ...['--replSet', SET, '--keyFile', keyFile, '--wiredTigerCacheSizeGB', '0.25', '--quiet'],
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false', '--oplogSize', '64'],
      ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
    ],
    logFile: `${folder}.log`,
    stopTimeoutMs: 10_000,
  });
  onTestFinished(async () => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.log`, { force: true });
  });
  const address = `${LOOPBACK}:${port}/?directConnection=true&authSource=admin`;
  await admit(`mongodb://${LOOPBACK}:${port}/?directConnection=true`, `${LOOPBACK}:${port}`);
  return {
    uri: `mongodb://plain:${PASSWORD}@${address}`,
    rootUri: `mongodb://root:${PASSWORD}@${address}`,
  };
}

/** The first user may be made by whoever sits at the machine. */
async function admit(uri: string, host: string): Promise<void> {
  const options = { serverSelectionTimeoutMS: TIMEOUT_MS };
  const client = new MongoClient(uri, options);
  const admin = client.db('admin');
  try {
    await admin.command({ replSetInitiate: { _id: SET, members: [{ _id: 0, host }] } });
    const isPrimary = async () => (await admin.command({ hello: 1 })).isWritablePrimary === true;
    await waitFor('a primary', isPrimary, TIMEOUT_MS);
    await admin.command({ createUser: 'root', pwd: PASSWORD, roles: ['root'] });
  } finally {
    await client.close();
  }
  const auth = { username: 'root', password: PASSWORD };
  const root = new MongoClient(uri, { ...options, auth });
  try {
    const roles = ['readWriteAnyDatabase'];
    await root.db('admin').command({ createUser: 'plain', pwd: PASSWORD, roles });
  } finally {
    await root.close();
  }
}
