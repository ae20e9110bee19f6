// One MongoDB of a test's own, a replica set of one as in docker-compose.yml, that can be killed as a power cut kills it:
// what it had acknowledged before its journal was on the disk is gone when it starts again.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { MONGODB } from '../../src/infra/embedded/mongodb-server.ts';
import { type OwnedProcess, startOwnedProcess } from '../../src/infra/embedded/owned-process.ts';
import { anyFreePort, LOOPBACK } from '../../src/infra/embedded/ports.ts';
import { memoryFolder } from './memory-folder.ts';
import { serverProgram } from './server-program.ts';
import { waitFor } from './wait-for.ts';

export interface MortalMongod {
  readonly uri: string;
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>;
  /** Starts it again on the same data; resolves when it is primary. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const SET = 'mortal';
const START_TIMEOUT_MS = 60_000;

export async function startMortalMongod(): Promise<MortalMongod> {
  const command = await serverProgram(MONGODB);
  const folder = await mkdtemp(join(await memoryFolder(), 'reclaim-test-'));
  const port = await anyFreePort();
  const uri = `mongodb://${LOOPBACK}:${port}/?directConnection=true`;
  let child: OwnedProcess | undefined;

  async function start(): Promise<void> {
    child = await startOwnedProcess({
      command,
      args: [
        ...['--dbpath', folder, '--port', String(port), '--bind_ip', LOOPBACK],
        ...['--replSet', SET, '--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '64'],
        // The longest there is: what waits for the journal waits no longer for that.
        ...['--journalCommitInterval', '500', '--nounixsocket', '--quiet'],
        ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      ],
      logFile: join(folder, 'mongod.log'),
      stopTimeoutMs: 10_000,
    });
    await becomePrimary(uri);
  }

  const mongod: MortalMongod = {
    uri,
    start,
    kill: async () => {
      if (child === undefined) throw new RangeError('it was never started');
      process.kill(child.pid, 'SIGKILL');
      await child.exited;
    },
    stop: async () => {
      await child?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await start();
  } catch (error) {
    await mongod.stop();
    throw error;
  }
  return mongod;
}

async function becomePrimary(uri: string): Promise<void> {
  const options = { serverSelectionTimeoutMS: START_TIMEOUT_MS };
  const client = new MongoClient(uri, options);
  try {
    const admin = client.db('admin');
    const members = [{ _id: 0, host: new URL(uri).host }];
    // Initiated already, from the second start on.
    await admin.command({ replSetInitiate: { _id: SET, members } }).catch(() => undefined);
    await waitFor(
      'a primary',
      async () => {
        const hello = await admin.command({ hello: 1 }).catch(() => null);
        return hello?.isWritablePrimary === true;
      },
      START_TIMEOUT_MS,
    );
  } finally {
    await client.close();
  }
}
