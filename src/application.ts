// One process that serves: embedded servers where none are given, services, HTTP, and the workers if they
// are to run inline. Everything that was started is ended by `stop`, also when a later part failed to start.

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createFirebaseVerifier } from './adapters/firebase/firebase-verifier.ts';
import { createLocalTokenIssuer, createLocalVerifier } from './adapters/local-auth/local-tokens.ts';
import { loadSigningKey } from './adapters/local-auth/signing-key.ts';
import { createApp } from './api/app.ts';
import type { ApiDependencies } from './api/dependencies.ts';
import type { Config } from './config.ts';
import { fillDemoPoolState, placeDemoPoolState, seedDemo } from './demo.ts';
import type { IdentityVerifier } from './domain/identity-verifier.ts';
import { startEmbedded } from './embedded/start-embedded.ts';
import { reportHealth } from './health-report.ts';
import { createServices, DEFAULT_KEY_PREFIX, type Services, sharedSecret } from './services.ts';
import { startupLines } from './startup-lines.ts';
import { VERSION } from './version.ts';
import { startWorkers } from './worker-set.ts';

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

/** What a person can mend: shown without a stack. */
export class StartError extends Error {}

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
    });
    stops.unshift(() => embedded.stop());
    const isFile = config.poolState === 'file';
    if (config.isDemo && isFile) await placeDemoPoolState(config.poolStateFile);
    const { mongodbUri, redisUrl } = embedded;
    const { keyPrefix = DEFAULT_KEY_PREFIX } = options;
    const services = await createServices({ config, log, mongodbUri, redisUrl, keyPrefix });
    stops.unshift(() => services.close());
    if (config.isDemo && !isFile) await fillDemoPoolState(services.deletionPorts.poolStates);
    const seeded = config.isDemo ? await seedDemo(services.connection) : 0;
    const auth = await authentication(config);
    stops.unshift(auth.close);
    const app = await createApp(await apiDependencies(services, auth));
    stops.unshift(() => app.close());
    if (config.workers === 'inline') {
      const workers = startWorkers(services, ['deletion', 'sync', 'health', 'relay']);
      stops.unshift(() => workers.stop());
    }
    const url = await listen(app, config);
    for (const line of startupLines({ services, url, embedded: embedded.describe, seeded })) {
      say(line);
    }
    return { url, services, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(app: FastifyInstance, { port, host }: Config): Promise<string> {
  try {
    return await app.listen({ port, host });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new StartError(`port ${port} on ${host} is taken: set PORT to another, or to 0 for any`);
  }
}

interface Authentication {
  readonly verifier: IdentityVerifier;
  readonly demo: ApiDependencies['demo'];
  readonly close: () => Promise<void>;
}

async function authentication(config: Config): Promise<Authentication> {
  if (config.auth === 'firebase') {
    const verifier = createFirebaseVerifier({
      projectId: config.firebaseProjectId ?? '',
      allowEmulator: config.firebaseAuthEmulatorHost !== undefined,
      checkRevoked: config.firebaseCheckRevoked,
    });
    return { verifier, demo: null, close: () => verifier.close() };
  }
  const key = await loadSigningKey(config.dataDir);
  const now = () => new Date();
  const issuer = createLocalTokenIssuer({ key, now });
  const isOpenDemo = config.isDemo && config.isLoopback;
  return {
    verifier: createLocalVerifier({ key, now }),
    demo: isOpenDemo
      ? { signIn: (firebaseUid) => issuer.issue({ firebaseUid, isAdmin: false }) }
      : null,
    close: async () => undefined,
  };
}

async function apiDependencies(
  services: Services,
  { verifier, demo }: Authentication,
): Promise<ApiDependencies> {
  const { config, log, accounts, registry, sagas, queues, metrics } = services;
  const account = async (
    firebaseUid: Parameters<ApiDependencies['accounts']['findByFirebaseUid']>[0],
  ) => {
    const found = await accounts.find({ firebaseUid });
    if (found === null) return null;
    const role = found.role === 'admin' ? ('admin' as const) : ('user' as const);
    return { userId: found.userId, role };
  };
  return {
    log,
    identities: verifier,
    accounts: { findByFirebaseUid: account },
    deletions: services.deletions,
    provisions: services.provisions,
    sagas,
    portfolio: services.portfolio,
    botHealth: services.healthDesk,
    syncs: services.syncs,
    syncAll: services.startSyncAll,
    findings: services.deletionPorts.findings,
    resolveFindings: services.resolveFindings,
    confirmHost: services.confirmHost,
    orphanSamples: services.orphanSamples,
    audits: services.audits,
    stepKinds: (kind, version) => {
      const shape = registry.find(kind, version)?.shape;
      if (shape === undefined) return null;
      return Object.fromEntries(shape.steps.map((step) => [step.name, step.kind]));
    },
    health: () => reportHealth(services),
    metrics: metrics.registry,
    requestSpans: services.telemetry?.requestSpans ?? null,
    queues: [...queues.values()],
    demo:
      demo === null
        ? null
        : {
            signIn: async (uid) => ((await account(uid)) === null ? null : demo.signIn(uid)),
          },
    rateLimitRedis: services.rateLimitRedis,
    now: () => new Date(),
    settings: {
      defaultWaitSeconds: config.defaultWaitMs / 1_000,
      rateLimitPerMinute: config.rateLimitPerMinute,
      sessionSecret: await sharedSecret(services.connection, 'board-session'),
      trustProxy: false,
      version: VERSION,
    },
  };
}

async function stopAll(stops: readonly (() => Promise<void>)[], log: Logger): Promise<void> {
  for (const stop of stops) {
    await stop().catch((err: unknown) => log.error({ err }, 'a part did not stop cleanly'));
  }
}
