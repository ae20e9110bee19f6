// The wiring: adapters are made here, put into the capabilities' ports, and closed again in the reverse
// order. The API, the workers and the tests all stand on this one construction.

import { createEngine, type Engine } from '@reclaim/saga';
import { createSagaMetrics, registerOpenSagaGauges } from '@reclaim/saga/metrics';
import { startDatabaseClock } from '@reclaim/saga/mongodb';
import type { Logger } from 'pino';
import { Registry as MetricsRegistry } from 'prom-client';
import { createMongoHostRecords } from '../../bots/hosts/mongo-host-records.ts';
import { createUnlistedHosts } from '../../bots/hosts/unlisted-hosts.ts';
import { withoutGoneHosts } from '../../bots/hosts/without-gone-hosts.ts';
import { createMongoKnownContainers } from '../../bots/mongo-known-containers.ts';
import { rememberContainers } from '../../bots/remember-containers.ts';
import { createDeleteBotSaga } from '../../deletion/delete-bot.ts';
import { createResurrectionCounter, registerStuckMoney } from '../../deletion/money-metrics.ts';
import {
  createPlatformOrchestrator,
  PLATFORM_TIMEOUT_MS,
  type PlatformMemory,
} from '../../deletion/platform-memory.ts';
import type { DeletionPorts } from '../../deletion/steps/step-ports.ts';
import { createMongoFindings } from '../../findings/mongo-findings.ts';
import { connectMongo } from '../../infra/mongodb/connect.ts';
import type { Telemetry } from '../../infra/telemetry/start-telemetry.ts';
import { createAdminReads } from '../../operations/admin-reads.ts';
import { createProvisionBotSaga } from '../../provisioning/provision-bot.ts';
import { createMongoTombstones } from '../../tombstones/mongo-tombstones.ts';
import { countUnfinished } from '../../tombstones/tombstones-read.ts';
import { createMongoAccounts } from '../../wallet/mongodb/accounts.ts';
import { createMongoLedger } from '../../wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../wallet/mongodb/wallets.ts';
import type { Config } from '../config.ts';
import { findInstallation } from '../installation.ts';
import { migrateDatabase } from '../migration/migrate-database.ts';
import { warnOfShortLease } from '../short-lease.ts';
import { VERSION } from '../version.ts';
import { createAuditing } from './audit.ts';
import { type BotRuntime, chooseBotRuntime } from './bots.ts';
import { engineEvents } from './engine-events.ts';
import { createHealth } from './health.ts';
import { createHosts } from './hosts.ts';
import { openPoolStatePlace } from './pool-state.ts';
import { openRedisServices } from './redis.ts';
import { createRequests } from './requests.ts';
import { createReconciliation } from './sync.ts';

export interface ServicesOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly mongodbUri: string;
  readonly redisUrl: string;
  /** What Redis keys begin with (RECLAIM_KEY_PREFIX); the installation's id comes after it. */
  readonly keyPrefix: string;
}

/** In front of every Redis key of this program. */
export const DEFAULT_KEY_PREFIX = 'reclaim';

export type Services = Awaited<ReturnType<typeof createServices>>;

/** @throws when MongoDB does not answer: without it nothing can be promised. */
export async function createServices(options: ServicesOptions) {
  const { config, log } = options;
  const migration = await migrateDatabase(options.mongodbUri, config);
  const db = await connectMongo(options.mongodbUri);
  const installation = await findInstallation(db);
  const keyPrefix = `${options.keyPrefix}:${installation.id}`;
  const now = () => new Date();
  const clock = await startDatabaseClock(db);
  await warnOfShortLease(db, config.leaseMs, log);
  const redisServices = openRedisServices({ redisUrl: options.redisUrl, keyPrefix, log });
  const runtime = await chooseBotRuntime({ config, db, now, log });
  const knownContainers = createMongoKnownContainers({ db, now });
  const poolStatePlace = openPoolStatePlace({ config, db, now, log });
  const accounts = createMongoAccounts(db);
  const tombstones = createMongoTombstones({ db });
  const hostRecords = createMongoHostRecords(db);
  // Where no Docker answers, the simulator stands in for hosts that are named all the same.
  const listed = [...config.dockerHosts.map(({ name }) => name), ...runtime.bots.hosts()];
  await hostRecords.endGone(listed);
  const unlistedHosts = createUnlistedHosts({
    ...{ listed, hostRecords, knownContainers, poolStates: poolStatePlace.poolStates },
  });
  const hosts = createHosts({
    ...{ hostRecords, tombstones, accounts, bots: runtime.bots },
    isOwnWorld: config.isDemo && runtime.kind === 'simulator',
  });
  const deletionPorts: DeletionPorts = {
    wallets: createMongoWallets({ db }),
    ledger: createMongoLedger({ db }),
    tombstones,
    hostExpectations: hosts.hostExpectations,
    findings: createMongoFindings(db),
    poolStates: poolStatePlace.poolStates,
    bots: rememberContainers(withoutGoneHosts(runtime.bots, hostRecords, now), knownContainers),
    valuation: runtime.valuation,
    platform: platformOf(config),
    findSagas: (ids) => engine.log.findRevisions(ids),
  };
  const metricsRegistry = new MetricsRegistry();
  const { ports: syncPorts, definitions } = createReconciliation({
    config,
    db,
    metrics: metricsRegistry,
    deletionPorts,
    hosts,
    accounts,
    sagas: () => engine.sagas,
  });
  const health = createHealth({
    ...{ config, db, clock, deletionPorts, runtime },
    metrics: metricsRegistry,
    sagas: () => engine.sagas,
  });
  const telemetry = await openTelemetry(config, log);
  const sagaMetrics = createSagaMetrics(metricsRegistry);
  const closeBesideEngine = async () => {
    const spansSent = telemetry?.stop();
    runtime.bots.close();
    await poolStatePlace.close();
    await redisServices.close();
    await clock.stop();
    await db.client.close();
    await spansSent;
  };
  const engine: Engine = await createEngine({
    db,
    clock,
    redis: redisServices.redis,
    workerRedis: redisServices.workerRedis,
    prefix: keyPrefix,
    sagas: [
      createDeleteBotSaga(deletionPorts),
      createProvisionBotSaga(deletionPorts),
      ...definitions,
      ...health.definitions,
    ],
    leaseMs: config.leaseMs,
    retentionDays: config.sagaRetentionDays,
    // The migration has made them, and has reported what prevented any of them.
    makesIndexes: false,
    ...(telemetry !== null && { tracer: telemetry.tracer, wrapWakeUps: telemetry.traceWakeUps }),
    events: engineEvents({ log, metrics: sagaMetrics, redisWatch: redisServices.redisWatch }),
  }).catch(async (error: unknown) => {
    // What is left open keeps the process that was refused from ending.
    await closeBesideEngine();
    throw error;
  });
  const { sagas, log: sagaLog } = engine;
  registerOpenSagaGauges(metricsRegistry, { openSummary: () => sagaLog.openSummary() });
  registerStuckMoney(metricsRegistry, {
    stuck: async (limit) => (await sagaLog.list({ phases: ['stuck'], limit })).sagas,
    atRisk: (saga) => sagas.atRisk(saga),
  });
  await poolStatePlace.begin(accounts);
  makeTombstonesDue(runtime, deletionPorts, log);

  // The demo brings its own platform.
  const isBesidePlatform = installation.isBesidePlatform && !config.isDemo;
  const requests = createRequests({
    ...{ config, db, clock, runtime, deletionPorts, accounts, sagas },
    ...{ syncPorts, knownContainers, unlistedHosts, isBesidePlatform },
  });
  let closing: Promise<void> | undefined;
  const close = async () => {
    await engine.close();
    await closeBesideEngine();
  };
  return {
    config,
    log,
    /** Of every Redis key, this installation's id in it. */
    keyPrefix,
    /** Users had allocations before the first start, and this is not the demo. */
    isBesidePlatform,
    db,
    ...redisServices,
    clock,
    runtime,
    engine,
    deletionPorts,
    sagas,
    ...requests,
    accounts,
    health: health.ports,
    healthService: health.service,
    adminReads: createAdminReads({
      ...{ ...syncPorts, ledger: deletionPorts.ledger, log: sagaLog, now },
      atRisk: (saga) => sagas.atRisk(saga),
      countTombstones: () => countUnfinished(db),
      lastAnswers: () => runtime.bots.hostStates(),
      unlistedHosts: unlistedHosts.find,
    }),
    audits: createAuditing({ db, ...deletionPorts, config, metricsRegistry, log }),
    metrics: {
      registry: metricsRegistry,
      poolStateResurrections: createResurrectionCounter(metricsRegistry),
    },
    /** Null where no collector is configured. */
    telemetry,
    /** What the migration found that violates a constraint. */
    migration,
    /** Idempotent. Workers are stopped before. */
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function platformOf({ platformUrl: url, platformToken: token }: Config): PlatformMemory | null {
  if (url === undefined || token === undefined) return null;
  return createPlatformOrchestrator({ url, token, timeoutMs: PLATFORM_TIMEOUT_MS });
}

function makeTombstonesDue(runtime: BotRuntime, { tombstones }: DeletionPorts, log: Logger): void {
  runtime.bots.open();
  runtime.bots.onHostBack((host) => {
    tombstones
      .makeDue()
      .catch((err: unknown) => log.warn({ err, host }, 'tombstones not made due'));
  });
}

/** Traces, where a collector is configured. Loaded only then: without one the SDK costs neither time nor memory. */
async function openTelemetry(
  { otlpEndpoint: endpoint, serviceName }: Pick<Config, 'otlpEndpoint' | 'serviceName'>,
  log: Logger,
): Promise<Telemetry | null> {
  if (endpoint === undefined) return null;
  const { startTelemetry } = await import('../../infra/telemetry/start-telemetry.ts');
  return startTelemetry({
    endpoint,
    serviceName,
    version: VERSION,
    onLost: (err) => log.warn({ err }, 'traces are lost: the collector does not take them'),
    onBack: () => log.info('the collector takes traces again'),
  });
}
