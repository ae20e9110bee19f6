// MongoDB and Valkey for a first run: found or fetched, started as processes of ours, and ended with
// us. A server whose URL is given is not embedded. What the first start chose (product, version, port)
// is kept beside the data and binds every later start; one process at a time owns the folder.

import { chmod, mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockFolder } from './folder-lock.ts';
import { MONGODB, MONGODB_STOP_TIMEOUT_MS, mongodbUri, startMongodb } from './mongodb-server.ts';
import { endLeftover, type OwnedServer } from './owned-server.ts';
import { anyFreePort, findFreePort, isPortKept } from './ports.ts';
import { findServer, namesIn, type ServerBinary } from './server-binary.ts';
import { readServerRecord, type ServerRecord, writeServerRecord } from './server-record.ts';
import { startValkey, VALKEY, VALKEY_STOP_TIMEOUT_MS, valkeyUrl } from './valkey-server.ts';

export interface EmbeddedOptions {
  /** Holds the data, the choice, the logs and the lock. Created when missing. */
  readonly dataDir: string;
  /** Given: used as it is, no MongoDB is embedded. */
  readonly mongodbUri?: string | undefined;
  /** Given: used as it is, no Valkey is embedded. */
  readonly redisUrl?: string | undefined;
  /** One line for each thing that takes time. */
  readonly onProgress?: (line: string) => void;
  /** A server of ours ended without a request: nothing works from here on. */
  readonly onServerLost?: (what: string) => void;
  /** `false`: the data is thrown away after this run, so any port will do and Valkey writes nothing. */
  readonly isKept?: boolean;
  /** Where programs that were fetched are kept. Default: `.cache/servers` of the project. */
  readonly cacheFolder?: string;
  readonly signal?: AbortSignal;
}

export interface EmbeddedServers {
  readonly mongodbUri: string;
  readonly redisUrl: string;
  /** What runs where, one line each. Empty when both were given. */
  readonly describe: readonly string[];
  /** Ends what was started, Valkey first, and frees the folder. Idempotent. */
  stop(): Promise<void>;
}

const PROJECT_CACHE = fileURLToPath(new URL('../../../.cache/servers', import.meta.url));
const FIRST_MONGODB_PORT = 27_217;
const FIRST_VALKEY_PORT = 26_579;
const CACHE_GB = 0.5;

/** @throws one clear error: no server to be had, other data version, folder in use. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServers> {
  const { mongodbUri: givenMongodb, redisUrl: givenRedis } = options;
  if (givenMongodb !== undefined && givenRedis !== undefined) {
    return {
      mongodbUri: givenMongodb,
      redisUrl: givenRedis,
      describe: [],
      stop: async () => {},
    };
  }
  await makePrivateFolder(options.dataDir);
  const lock = await lockFolder(options.dataDir);
  const running: OwnedServer[] = [];
  const describe: string[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll(running, () => lock.release());
    return stopping;
  };
  const keep = (server: OwnedServer, binary: ServerBinary, folder: string) => {
    running.unshift(server);
    const what = `${binary.product} ${binary.version}`;
    const where = readablePath(join(options.dataDir, folder));
    describe.push(`${what} on 127.0.0.1:${server.port}, data in ${where}`);
    void server.process.exited.then((how) => {
      if (stopping === undefined) options.onServerLost?.(`the embedded ${what} ended: ${how}`);
    });
  };
  try {
    const plan = await prepare(options);
    const start = { options, plan, keep, signal: options.signal ?? new AbortController().signal };
    const { mongodb, valkey } = plan;
    const uri = typeof mongodb === 'string' ? mongodb : await startOurMongodb(mongodb, start);
    const url = typeof valkey === 'string' ? valkey : await startOurValkey(valkey, start);
    return { mongodbUri: uri, redisUrl: url, describe, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Start {
  readonly options: EmbeddedOptions;
  readonly plan: Plan;
  readonly keep: (server: OwnedServer, binary: ServerBinary, folder: string) => void;
  readonly signal: AbortSignal;
}

async function startOurMongodb(binary: ServerBinary, start: Start): Promise<string> {
  const { options, plan, keep, signal } = start;
  const { product, version, path } = binary;
  const recorded = plan.record.mongodb?.port;
  options.onProgress?.(`starting ${product} ${version}`);
  const server = await startMongodb({
    path,
    dataDir: options.dataDir,
    signal,
    cacheGb: CACHE_GB,
    isKept: options.isKept !== false,
    memberPort: options.isKept === false ? undefined : recorded,
    choosePort: () => portFor(options, binary, recorded, FIRST_MONGODB_PORT),
    onPort: (port) => remember(options, { mongodb: { product, version, port } }),
  });
  keep(server, binary, 'mongodb');
  return mongodbUri(server.port);
}

async function startOurValkey(binary: ServerBinary, start: Start): Promise<string> {
  const { options, plan, keep, signal } = start;
  const { product, version, path } = binary;
  options.onProgress?.(`starting ${product} ${version}`);
  const server = await startValkey({
    path,
    dataDir: options.dataDir,
    signal,
    isDurable: options.isKept !== false,
    choosePort: () => portFor(options, binary, plan.record.valkey?.port, FIRST_VALKEY_PORT),
  });
  keep(server, binary, 'valkey');
  await remember(options, { valkey: { product, version, port: server.port } });
  return valkeyUrl(server.port);
}

/** Users, money and keys lie here: its owner's alone, also where an earlier release had made it. */
async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

async function remember(options: EmbeddedOptions, part: ServerRecord): Promise<void> {
  if (options.isKept === false) return;
  const record = await readServerRecord(options.dataDir);
  await writeServerRecord(options.dataDir, { ...record, ...part });
}

interface Plan {
  readonly record: ServerRecord;
  /** The program to start, or the address that was given. */
  readonly mongodb: ServerBinary | string;
  readonly valkey: ServerBinary | string;
}

/** Everything that can fail before a process is started. */
async function prepare(options: EmbeddedOptions): Promise<Plan> {
  const { dataDir } = options;
  const onProgress = options.onProgress ?? (() => {});
  const record = await readServerRecord(dataDir);
  const cacheFolder = options.cacheFolder ?? PROJECT_CACHE;
  const search = { cacheFolder, onProgress };
  const findMongodb = async () => {
    if (options.mongodbUri !== undefined) return options.mongodbUri;
    if (record.mongodb === undefined && (await namesIn(join(dataDir, 'mongodb'))).length > 0) {
      throw new Error(
        `${dataDir} holds MongoDB data but no servers.json, which names its port; ` +
          'restore it, or set DATA_DIR to another folder',
      );
    }
    if (await endLeftover(dataDir, 'mongodb', MONGODB_STOP_TIMEOUT_MS)) {
      onProgress('ended the MongoDB of an earlier run that was killed');
    }
    await makePrivateFolder(join(dataDir, 'mongodb'));
    return findServer(MONGODB, { ...search, recorded: record.mongodb });
  };
  const findValkey = async () => {
    if (options.redisUrl !== undefined) return options.redisUrl;
    if (await endLeftover(dataDir, 'valkey', VALKEY_STOP_TIMEOUT_MS)) {
      onProgress('ended the Valkey of an earlier run that was killed');
    }
    await makePrivateFolder(join(dataDir, 'valkey'));
    return findServer(VALKEY, { ...search, recorded: record.valkey });
  };
  const [mongodb, valkey] = await Promise.all([findMongodb(), findValkey()]);
  return { record, mongodb, valkey };
}

async function portFor(
  { isKept, onProgress }: EmbeddedOptions,
  { product }: ServerBinary,
  kept: number | undefined,
  first: number,
): Promise<number> {
  if (isKept === false) return anyFreePort();
  if (kept !== undefined && !(await isPortKept(kept))) return kept;
  const port = await findFreePort(first);
  if (kept !== undefined) {
    onProgress?.(`port ${kept} of ${product} is taken by another program; moving to ${port}`);
  }
  return port;
}

function readablePath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? resolve(path) : fromHere;
}

async function stopAll(servers: readonly OwnedServer[], release: () => void) {
  try {
    for (const server of servers) await server.stop();
  } finally {
    release();
  }
}
