// One process that serves: embedded servers where none are given, services, HTTP, and the workers if they
// are to run inline. Everything that was started is ended by `stop`, also when a later part failed to start.

import { createHmac, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createApp } from '../../api/app.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { startEmbedded } from '../../infra/embedded/start-embedded.ts';
import { createMongoEndedSessions } from '../../infra/identities/mongo-ended-sessions.ts';
import { loadSigningKey } from '../../infra/identities/signing-key.ts';
import { awaitMongodb } from '../await-mongodb.ts';
import { type Config, provisionsBots } from '../config.ts';
import { fillDemoPoolState, placeDemoPoolState, seedDemo } from '../demo.ts';
import { listenForMetrics } from '../metrics-listener.ts';
import { StartError } from '../start-fault.ts';
import { startupLines } from '../startup-lines.ts';
import { VERSION } from '../version.ts';
import { createHealthReport } from './health-report.ts';
import { createSigningIn, type SigningIn } from './identities.ts';
import { createServices, DEFAULT_KEY_PREFIX, type Services } from './services.ts';
import { startWorkers } from './workers.ts';

export interface ApplicationOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Lines for the person at the terminal. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** What Redis keys begin with; default `reclaim`. */
  readonly keyPrefix?: string;
  /** An embedded server ended by itself. */
  readonly onLost: (what: string) => void;
}

export interface Application {
  readonly url: string;
  readonly services: Services;
  /** Idempotent. */
  stop(): Promise<void>;
}

export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { config, log, say, signal } = options;
  const stops: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll(stops, log);
    return stopping;
  };
  try {
    const embedded = await startEmbedded({
      dataDir: config.dataDir,
      mongodbUri: config.mongodbUri,
      redisUrl: config.redisUrl,
      onProgress: say,
      onServerLost: options.onLost,
      signal,
    }).catch(asSentence);
    stops.unshift(() => embedded.stop());
    const isFile = config.poolState === 'file';
    if (config.isDemo && isFile) await placeDemoPoolState(config.poolStateFile);
    const { mongodbUri, redisUrl } = embedded;
    const { keyPrefix = DEFAULT_KEY_PREFIX } = options;
    await awaitMongodb({ uri: mongodbUri, say, signal });
    const services = await createServices({ config, log, mongodbUri, redisUrl, keyPrefix });
    stops.unshift(() => services.close());
    if (config.isDemo && !isFile) await fillDemoPoolState(services.deletionPorts.poolStates);
    const seeded = config.isDemo ? await seedDemo(services.db) : 0;
    const signingIn = await createSigningIn(config, services.db);
    stops.unshift(signingIn.close);
    const app = await createApp(await apiDependencies(services, signingIn));
    stops.unshift(() => app.close());
    const listener = await listenForMetrics(services);
    if (listener !== null) stops.unshift(() => listener.stop());
    if (config.workers === 'inline') {
      const workers = startWorkers(services, ['deletion', 'sync', 'health', 'relay']);
      stops.unshift(() => workers.stop());
    }
    const url = await listen(app, config);
    const mayPay = await services.firstReport.isConfirmed();
    const facts = { services, url, embedded: embedded.describe, seeded, mayPay };
    for (const line of startupLines(facts)) {
      say(line);
    }
    return { url, services, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What keeps the embedded servers from starting is reported in sentences already. */
function asSentence(error: unknown): never {
  const isSentence = error instanceof Error && error.constructor === Error && !('code' in error);
  throw isSentence ? new StartError(error.message, { cause: error }) : error;
}

async function listen(app: FastifyInstance, { port, host }: Config): Promise<string> {
  try {
    return await app.listen({ port, host });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const problem = LISTEN_PROBLEMS.get(code);
    if (problem === undefined) throw error;
    throw new StartError(`port ${port} on ${host} ${problem}`);
  }
}

const LISTEN_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is taken: set PORT to another, or to 0 for any'],
  ['EACCES', 'is not open to this user: set PORT to one above 1023'],
  ['EADDRNOTAVAIL', 'is no address of this machine: set HOST to one that is'],
  ['ENOTFOUND', 'is no address of this machine: set HOST to one that is'],
]);

async function apiDependencies(
  services: Services,
  { verifier, demo, firebaseWeb }: SigningIn,
): Promise<ApiDependencies> {
  const { config, engine } = services;
  return {
    ...services,
    identities: verifier,
    endedSessions: createMongoEndedSessions(services.db),
    botHealth: services.healthService,
    syncAll: services.startSyncAll,
    registry: engine.registry,
    health: createHealthReport(services),
    metrics: services.metrics.registry,
    requestSpans: services.telemetry?.requestSpans ?? null,
    queues: [...engine.queues.values()],
    queueOf: engine.registry.queueOf,
    demo,
    firebaseWeb,
    now: () => new Date(),
    settings: {
      defaultWaitSeconds: config.defaultWaitMs / 1_000,
      simulatesBots: services.runtime.kind === 'simulator',
      provisionsBots: provisionsBots(config, services.isBesidePlatform),
      syncOnOpen: config.syncOnOpen,
      rateLimitPerMinute: config.rateLimitPerMinute,
      addressRateLimitPerMinute: config.addressRateLimitPerMinute,
      metricsToken: config.metricsToken ?? null,
      sessionSecret: await sessionSecretOf(services),
      platformSecret: config.platformJwtSecret,
      trustProxy: config.trustProxy,
      allowedOrigins: config.allowedOrigins,
      version: VERSION,
    },
  };
}

// The demo's sessions outlive its process, as its users' tokens do, by the same key in its folder.
async function sessionSecretOf({ config }: Services): Promise<string> {
  if (config.sessionSecret !== undefined) return config.sessionSecret;
  if (config.isDemo && !config.isProduction) {
    const key = await loadSigningKey(config.dataDir);
    return createHmac('sha256', key).update('sessions of the pages').digest('base64url');
  }
  return randomBytes(OWN_SECRET_BYTES).toString('base64url');
}

const OWN_SECRET_BYTES = 48;

async function stopAll(stops: readonly (() => Promise<void>)[], log: Logger): Promise<void> {
  for (const stop of stops) {
    await stop().catch((err: unknown) => log.error({ err }, 'a part did not stop cleanly'));
  }
}
