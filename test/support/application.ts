// The whole application for one test: the API on a port of its own, workers inline, on the run's MongoDB and
// Valkey with a database and a key prefix of its own, bots simulated, pool state in a folder of its own.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import { inject, onTestFinished } from 'vitest';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { createLocalTokenIssuer } from '../../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../../src/infra/identities/signing-key.ts';
import { createLogger } from '../../src/infra/log/logger.ts';
import { type Application, startApplication } from '../../src/main/compose/application.ts';
import { parseConfig } from '../../src/main/config.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { createTestDatabase, takeTestDatabase } from './database.ts';
import { knowHosts } from './known-hosts.ts';
import { memoryFolder } from './memory-folder.ts';
import { storePoolState } from './pool-documents.ts';
import { createSimulatedWorld, type SimulatedWorld } from './simulated-world.ts';

/** Where a test that does not say keeps its pool state: the whole end-to-end suite can be run on either place. */
const POOL_STATE_PLACE = process.env.RECLAIM_TEST_POOL_STATE ?? 'file';

export interface TestApplication extends Application {
  readonly db: Db;
  readonly world: SimulatedWorld;
  readonly poolStateFile: string;
  /** The environment it was started with, for processes that are to stand beside it. */
  readonly env: Readonly<Record<string, string>>;
  token(uid: string): Promise<string>;
  /** A request with this user's token; `path` is below the API's prefix. */
  call(
    uid: string,
    method: string,
    path: string,
    headers?: Record<string, string>,
    /** Sent as JSON. */
    body?: unknown,
  ): Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire brings.
  readonly body: any;
}

/** A refusal in short: its status, and which kind of problem it is. */
export function problemOf({ status, body }: Pick<Reply, 'status' | 'body'>): string {
  return `${status} ${String(body.type).replace('urn:reclaim:problem:', '')}`;
}

export interface TestApplicationOptions {
  /** Over the defaults of a test, e.g. `{ON_STOP_FAILURE: 'hold'}`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly poolState?: PoolState;
  /** Another way to the run's MongoDB, e.g. through a proxy; the database is the test's own all the same. */
  readonly mongodbUri?: string;
  /** Whether the Docker hosts, and the simulated one, have shown bots before. Default true. */
  readonly areHostsKnown?: boolean;
  /** Another MongoDB altogether. */
  readonly serverUri?: string;
  /** Made by the test; otherwise a new one. */
  readonly database?: Db;
  /** Lines go nowhere otherwise. */
  readonly log?: Logger;
}

export async function startTestApplication(
  options: TestApplicationOptions = {},
): Promise<TestApplication> {
  const { serverUri, mongodbUri } = options;
  // What a proxy holds back may arrive late: no other test gets such a database.
  const isShared = serverUri === undefined && mongodbUri === undefined;
  const own = () => (isShared ? takeTestDatabase() : createTestDatabase(serverUri));
  const db = options.database ?? (await own());
  const folder = await mkdtemp(join(await memoryFolder(), 'reclaim-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const poolStateFile = join(folder, '.container-pool-state.json');
  const POOL_STATE = options.env?.POOL_STATE ?? POOL_STATE_PLACE;
  const isInMongodb = POOL_STATE === 'mongodb';
  if (options.poolState !== undefined && isInMongodb) {
    await storePoolState(db, options.poolState);
  } else if (options.poolState !== undefined) {
    await writeFile(poolStateFile, JSON.stringify(options.poolState, null, 2));
  }
  const env = {
    MONGODB_URI: withDatabase(mongodbUri ?? serverUri ?? inject('mongodbUri'), db.databaseName),
    REDIS_URL: inject('redisUrl'),
    RECLAIM_KEY_PREFIX: `t-${randomUUID()}`,
    DATA_DIR: folder,
    POOL_STATE,
    POOL_STATE_FILE: poolStateFile,
    HOST: '127.0.0.1',
    PORT: '0',
    AUTH: 'local',
    BOT_RUNTIME: 'simulator',
    // The containers of tests speak no API, but for those of the tests that are about it.
    BOT_VALUE: options.env?.BOT_RUNTIME === 'docker' ? 'stored' : 'bot',
    METRICS_TOKEN,
    LEASE_SECONDS: '2',
    LOG_LEVEL: 'silent',
    // Runs that nobody asked for, and waits between two observations, where a test asks for them.
    SYNC_EVERY_MINUTES: '0',
    SYNC_CONFIRM_SECONDS: '0',
    HEALTH_EVERY_SECONDS: '0',
    ...options.env,
  };
  const config = parseConfig(env, 'server');
  if (options.areHostsKnown !== false) {
    await knowHosts(db, ['simulated', ...config.dockerHosts.map(({ name }) => name)]);
  }
  const application = await startApplication({
    config,
    log: options.log ?? createLogger(config.logLevel),
    say: () => undefined,
    signal: new AbortController().signal,
    keyPrefix: env.RECLAIM_KEY_PREFIX,
    onLost: () => undefined,
  });
  onTestFinished(() => application.stop());
  const issuer = createLocalTokenIssuer({
    key: await loadSigningKey(folder),
    now: () => new Date(),
  });
  const token = async (uid: string) => {
    const firebaseUid = toFirebaseUid(uid);
    return (await issuer.issue({ firebaseUid, isAdmin: false })).token;
  };
  return {
    ...application,
    db,
    world: createSimulatedWorld(db),
    poolStateFile,
    env,
    token,
    call: async (uid, method, path, headers = {}, body = undefined) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(`${application.url}/api/freqtrade${path}`, {
        method,
        headers: { authorization: `Bearer ${await token(uid)}`, ...type, ...headers },
        ...sent,
      });
      return {
        status: response.status,
        headers: response.headers,
        body: await response.json(),
      };
    },
  };
}

const METRICS_TOKEN = 'a-token-of-the-tests';

/** What a process of this address measures, as Prometheus reads it. */
export async function readMetrics({ url }: { readonly url: string }): Promise<string> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const reply = await fetch(`${url}/metrics`, { headers });
  if (!reply.ok) throw new Error(`no metrics: ${reply.status}`);
  return reply.text();
}

/** One more process of the same system, on the same database and the same Redis keys. */
export async function startBeside(
  { env }: Pick<TestApplication, 'env'>,
  over: Readonly<Record<string, string>> = {},
): Promise<Application> {
  const config = parseConfig({ ...env, ...over }, 'server');
  const application = await startApplication({
    config,
    log: createLogger(config.logLevel),
    say: () => undefined,
    signal: new AbortController().signal,
    keyPrefix: String(env.RECLAIM_KEY_PREFIX),
    onLost: () => undefined,
  });
  onTestFinished(() => application.stop());
  return application;
}

/** The database as before any start of ours: no installation, and no prefix of its engine. */
export async function forgetStarts({ db }: Pick<TestApplication, 'db'>): Promise<void> {
  for (const name of ['installation', 'engine']) await db.collection(name).deleteMany({});
}

/** A process that serves and runs nothing, and one beside it whose workers take everything from the queue. */
export async function startWithWorkersBeside(
  options: TestApplicationOptions = {},
): Promise<TestApplication> {
  const app = await startTestApplication({
    ...options,
    env: { ...options.env, WORKERS: 'none' },
  });
  await startBeside(app, { WORKERS: 'inline' });
  return app;
}

function withDatabase(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.href;
}
