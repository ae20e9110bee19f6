// What a run stands on: a MongoDB and a Valkey of its own, each behind a wire, and a folder. All of it is gone when
// the run has ended, however it ended.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Db } from 'mongodb';
import { MONGODB, mongodbUri, startMongodb } from '../src/infra/embedded/mongodb-server.ts';
import { anyFreePort } from '../src/infra/embedded/ports.ts';
import { findServer, type ServerKind } from '../src/infra/embedded/server-binary.ts';
import { startValkey, VALKEY, valkeyUrl } from '../src/infra/embedded/valkey-server.ts';
import { connectMongo } from '../src/infra/mongodb/connect.ts';
import { type KeptServer, keepServer } from './kept-server.ts';
import { createWire, type Wire } from './wire.ts';

export interface Environment {
  readonly folder: string;
  readonly poolStateFile: string;
  readonly mongodb: KeptServer;
  readonly valkey: KeptServer;
  readonly mongodbWire: Wire;
  readonly valkeyWire: Wire;
  /** The observer's own way to the data, past the wire. */
  readonly db: Db;
  flushValkey(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** In the project, not in the system's folder for temporary files: that one often lies in memory, and a journal
 * that survives nothing would prove nothing. */
const CACHE = fileURLToPath(new URL('../.cache', import.meta.url));
const CACHE_GB = 0.25;

export async function openEnvironment(options: {
  readonly signal: AbortSignal;
  readonly isKept: boolean;
  readonly say: (line: string) => void;
}): Promise<Environment> {
  const { signal, say } = options;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'soak-'));
  const ends: (() => Promise<unknown>)[] = [];
  if (!options.isKept) ends.push(() => rm(folder, { recursive: true, force: true }));
  const close = async () => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  try {
    await Promise.all([mkdir(join(folder, 'mongodb')), mkdir(join(folder, 'valkey'))]);
    const common = { dataDir: folder, signal: new AbortController().signal };
    const [mongod, valkeyServer] = await Promise.all([pathOf(MONGODB, say), pathOf(VALKEY, say)]);
    signal.throwIfAborted();
    const mongodbPort = await anyFreePort();
    const mongodb = await keepServer(() =>
      startMongodb({
        ...common,
        path: mongod,
        cacheGb: CACHE_GB,
        choosePort: async () => mongodbPort,
        onPort: async () => undefined,
      }),
    );
    ends.push(() => mongodb.stop());
    const valkeyPort = await anyFreePort();
    const valkey = await keepServer(() =>
      startValkey({
        ...common,
        path: valkeyServer,
        isDurable: true,
        choosePort: async () => valkeyPort,
      }),
    );
    ends.push(() => valkey.stop());
    const mongodbWire = await createWire(mongodb.port);
    ends.push(() => mongodbWire.close());
    const valkeyWire = await createWire(valkey.port);
    ends.push(() => valkeyWire.close());
    const db = await connectMongo(mongodbUri(mongodb.port));
    ends.push(() => db.client.close());
    return {
      folder,
      poolStateFile: join(folder, '.container-pool-state.json'),
      mongodb,
      valkey,
      mongodbWire,
      valkeyWire,
      db,
      flushValkey: () => flush(valkey.port),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function pathOf(kind: ServerKind, onProgress: (line: string) => void): Promise<string> {
  const cacheFolder = join(CACHE, 'servers');
  return (await findServer(kind, { cacheFolder, recorded: undefined, onProgress })).path;
}

async function flush(port: number): Promise<void> {
  const redis = new Redis(valkeyUrl(port), { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}
