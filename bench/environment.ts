// What a measurement stands on: the servers of one run, and on them a database, a key prefix and a folder of
// its own for each measurement, so that none inherits another's data or background work. All of it is gone
// when the measurement has ended, however it ended.

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { type Logger, pino } from 'pino';
import { startEmbedded } from '../src/infra/embedded/start-embedded.ts';
import { connectMongo } from '../src/infra/mongodb/connect.ts';
import { createServices, type Services } from '../src/main/compose/services.ts';
import { type Config, parseConfig } from '../src/main/config.ts';
import type { PoolState } from '../src/pool-state/pool-state.ts';

export interface Environment {
  /** Runs one measurement and clears away whatever it left. Measurements may stand side by side.
   * @param settings environment variables that differ from the usual ones. */
  measure<T>(
    work: (place: Place) => Promise<T>,
    settings?: Readonly<Record<string, string>>,
  ): Promise<T>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface Place {
  /** The environment of a process that stands on this place. */
  readonly env: Readonly<Record<string, string>>;
  readonly config: Config;
  readonly log: Logger;
  readonly keyPrefix: string;
  readonly signal: AbortSignal;
  /** Services of this process, closed at the measurement's end. */
  services(): Promise<Services>;
  writePoolState(state: PoolState): Promise<void>;
}

export interface EnvironmentOptions {
  readonly mongodbUri: string | undefined;
  readonly redisUrl: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  /** Every client of MongoDB emits an event for each command. */
  readonly monitorsCommands?: boolean;
}

/** In the project, not in the system's folder for temporary files: that one often lies in memory, and
 * journals that cost nothing would make every ratio a lie. */
const FOLDERS = fileURLToPath(new URL('../.cache', import.meta.url));

export async function openEnvironment(options: EnvironmentOptions): Promise<Environment> {
  await mkdir(FOLDERS, { recursive: true });
  const folder = await mkdtemp(join(FOLDERS, 'bench-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  // The data is kept (until the folder goes): only then do the servers write it as durably as in earnest.
  const servers = await startEmbedded({ ...options, dataDir: folder }).catch(async (error) => {
    await removeFolder();
    throw error;
  });
  const { redisUrl } = servers;
  const mongodbUri = options.monitorsCommands === true ? monitored(servers) : servers.mongodbUri;
  let closing: Promise<void> | undefined;
  return {
    measure: (work, settings = {}) =>
      measure(
        {
          servers: { mongodbUri, redisUrl },
          parentFolder: folder,
          settings,
          signal: options.signal,
        },
        work,
      ),
    close: () => {
      closing ??= servers.stop().finally(removeFolder);
      return closing;
    },
  };
}

interface Surroundings {
  readonly servers: { readonly mongodbUri: string; readonly redisUrl: string };
  readonly parentFolder: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function measure<T>(
  { servers, parentFolder, settings, signal }: Surroundings,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const name = `bench_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const folder = await mkdtemp(join(parentFolder, 'place-'));
  const mongodbUri = withDatabase(servers.mongodbUri, name);
  const { redisUrl } = servers;
  const env = { ...environment({ mongodbUri, redisUrl, name, folder }), ...settings };
  const config = parseConfig(env, 'server');
  const log = pino({ level: 'error' }, pino.destination(2));
  const opened: Services[] = [];
  try {
    return await work({
      env,
      config,
      log,
      keyPrefix: name,
      signal,
      services: async () => {
        const made = await createServices({ config, log, mongodbUri, redisUrl, keyPrefix: name });
        opened.push(made);
        return made;
      },
      writePoolState: (state) => writeFile(config.poolStateFile, JSON.stringify(state, null, 2)),
    });
  } finally {
    for (const services of opened) await services.close();
    await dropDatabase(mongodbUri);
    await dropKeys(redisUrl, name);
    await rm(folder, { recursive: true, force: true });
  }
}

function environment(place: {
  readonly mongodbUri: string;
  readonly redisUrl: string;
  readonly name: string;
  readonly folder: string;
}): Record<string, string> {
  return {
    MONGODB_URI: place.mongodbUri,
    REDIS_URL: place.redisUrl,
    RECLAIM_KEY_PREFIX: place.name,
    DATA_DIR: place.folder,
    POOL_STATE_FILE: join(place.folder, '.container-pool-state.json'),
    HOST: '127.0.0.1',
    PORT: '0',
    AUTH: 'local',
    BOT_RUNTIME: 'simulator',
    WORKERS: 'none',
    LOG_LEVEL: 'error',
  };
}

function monitored({ mongodbUri }: Surroundings['servers']): string {
  const url = new URL(mongodbUri);
  url.searchParams.set('monitorCommands', 'true');
  return url.href;
}

function withDatabase(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabase(uri: string): Promise<void> {
  const db = await connectMongo(uri);
  await db.dropDatabase();
  await db.client.close();
}

async function dropKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    redis.disconnect();
  }
}
