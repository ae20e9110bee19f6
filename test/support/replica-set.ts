// A replica set whose majority can be held: a primary, a secondary and an arbiter, so that the primary stays one while
// the secondary stands still. What is written then lies on the primary and on no majority: a crash could take it back.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, MongoClient } from 'mongodb';
import { MONGODB } from '../../src/infra/embedded/mongodb-server.ts';
import { type OwnedProcess, startOwnedProcess } from '../../src/infra/embedded/owned-process.ts';
import { anyFreePort, LOOPBACK } from '../../src/infra/embedded/ports.ts';
import { memoryFolder } from './memory-folder.ts';
import { serverProgram } from './server-program.ts';
import { stopProcess } from './stop-process.ts';
import { waitFor } from './wait-for.ts';

export interface ReplicaSet {
  /** Of the primary. */
  readonly uri: string;
  /** Nothing that is written from here on gets to a majority. */
  hold(): void;
  release(): void;
  stop(): Promise<void>;
}

const SET = 'held';
const START_TIMEOUT_MS = 60_000;

export async function startReplicaSet(): Promise<ReplicaSet> {
  const path = await serverProgram(MONGODB);
  const folder = await mkdtemp(join(await memoryFolder(), 'reclaim-test-'));
  const members = await Promise.all([0, 1, 2].map(() => startMember(path, folder)));
  const [primary, secondary, arbiter] = members;
  if (primary === undefined || secondary === undefined || arbiter === undefined) {
    throw new RangeError('three members were started');
  }
  const uri = uriOf(primary);
  const release = () => void process.kill(secondary.child.pid, 'SIGCONT');
  const stop = async () => {
    // One that stands still does not hear that it is to end.
    release();
    await Promise.all(members.map(({ child }) => child.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(members.map(answering));
    await initiate(uri, [
      { _id: 0, host: hostOf(primary), priority: 1 },
      { _id: 1, host: hostOf(secondary), priority: 0 },
      { _id: 2, host: hostOf(arbiter), arbiterOnly: true },
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { uri, hold: () => stopProcess(secondary.child.pid), release, stop };
}

interface Member {
  readonly port: number;
  readonly child: OwnedProcess;
}

const hostOf = ({ port }: Member) => `${LOOPBACK}:${port}`;

const uriOf = (member: Member) => `mongodb://${hostOf(member)}/?directConnection=true`;

async function startMember(command: string, folder: string): Promise<Member> {
  const port = await anyFreePort();
  const data = await mkdtemp(join(folder, 'member-'));
  const child = await startOwnedProcess({
    command,
    args: [
      ...['--dbpath', data, '--port', String(port), '--bind_ip', LOOPBACK],
      ...['--replSet', SET, '--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '64'],
      ...['--nounixsocket', '--quiet'],
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      // A primary slows its writers down while its majority lags behind.
      ...['--setParameter', 'enableFlowControl=false'],
      ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
    ],
    logFile: `${data}.log`,
    stopTimeoutMs: 10_000,
  });
  return { port, child };
}

/** Whoever initiates asks every member once, and takes one that does not listen yet for one that is down. */
async function answering(member: Member): Promise<void> {
  const client = new MongoClient(uriOf(member), {
    serverSelectionTimeoutMS: START_TIMEOUT_MS,
  });
  let ended = '';
  void member.child.exited.then((how) => {
    ended = how;
  });
  try {
    await waitFor(
      `an answer of the member on port ${member.port}`,
      async () => {
        if (ended !== '') throw new Error(`the member on port ${member.port} ended: ${ended}`);
        return client
          .db('admin')
          .command({ ping: 1 })
          .then(...DONE);
      },
      START_TIMEOUT_MS,
    );
  } finally {
    await client.close();
  }
}

const DONE = [() => true, () => false] as const;

async function initiate(uri: string, members: readonly Document[]): Promise<void> {
  const options = { serverSelectionTimeoutMS: START_TIMEOUT_MS };
  const client = new MongoClient(uri, options);
  try {
    const admin = client.db('admin');
    await admin.command({ replSetInitiate: { _id: SET, members } });
    let isPrimary = false;
    await waitFor(
      'a primary with a secondary that follows it',
      async () => {
        // At once, not when an election's own timeout has passed.
        if (!isPrimary) isPrimary = await admin.command({ replSetStepUp: 1 }).then(...DONE);
        const status = await admin.command({ replSetGetStatus: 1 }).catch(() => null);
        const states = status?.members.map(({ stateStr }: { stateStr: string }) => stateStr);
        return states?.join() === 'PRIMARY,SECONDARY,ARBITER';
      },
      START_TIMEOUT_MS,
    );
  } finally {
    await client.close();
  }
}
