// The wiring: adapters are made here, put into the capabilities' ports, and closed again in the reverse
// order. The API, the workers and the tests all stand on this one construction.

import { randomBytes } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import type { Logger } from 'pino';
import { Registry as MetricsRegistry } from 'prom-client';
import { registerOpenSagaGauges } from './adapters/metrics/open-saga-gauges.ts';
import { createSagaMetrics, type SagaMetrics } from './adapters/metrics/saga-metrics.ts';
import { createMongoAccounts } from './adapters/mongo/accounts.ts';
import { connectMongo } from './adapters/mongo/connect.ts';
import { type DatabaseClock, startDatabaseClock } from './adapters/mongo/database-clock.ts';
import { createMongoElections } from './adapters/mongo/elections.ts';
import { createMongoFindings } from './adapters/mongo/findings.ts';
import { HEALTH_INDEXES } from './adapters/mongo/health/health-indexes.ts';
import { createMongoLedger } from './adapters/mongo/ledger.ts';
import { type MigrationReport, migrate } from './adapters/mongo/migration.ts';
import { createMongoBotNumbers } from './adapters/mongo/provisioning/bot-numbers.ts';
import {
  createMongoRequestKeys,
  REQUEST_KEY_INDEXES,
} from './adapters/mongo/provisioning/request-keys.ts';
import { createMongoSagaLog } from './adapters/mongo/saga-log/saga-log.ts';
import { SAGA_LOG_INDEXES } from './adapters/mongo/saga-log/saga-log-indexes.ts';
import { createMongoTombstones } from './adapters/mongo/tombstones.ts';
import { createMongoWallets } from './adapters/mongo/wallets.ts';
import { createMongoWorkforce } from './adapters/mongo/workforce.ts';
import { POOL_STATE_INDEXES } from './adapters/pool-state/pool-documents.ts';
import { createBullmqWakeUps, type SagaQueue } from './adapters/queue/bullmq-wake-ups.ts';
import { connectRedis, type RedisRole } from './adapters/queue/connections.ts';
import type { QueueName } from './adapters/queue/queue-names.ts';
import type { Telemetry } from './adapters/telemetry/start-telemetry.ts';
import { createAuditing } from './auditing.ts';
import { type BotRuntime, chooseBotRuntime } from './bot-runtime.ts';
import type { Config } from './config.ts';
import { createDeleteBotSaga } from './deletion/delete-bot.ts';
import { createDeleteRequests, type DeleteRequests } from './deletion/delete-requests.ts';
import type { Accounts } from './deletion/ports/accounts.ts';
import { createResolveFindings, type ResolveFindings } from './deletion/resolve-findings.ts';
import type { DeletionPorts } from './deletion/steps/step-ports.ts';
import type { HealthDesk } from './health/health-desk.ts';
import type { HealthPorts } from './health/health-ports.ts';
import { createHealth } from './health-parts.ts';
import { openPoolStatePlace } from './pool-state-place.ts';
import { createProvisionBotSaga } from './provisioning/provision-bot.ts';
import {
  createProvisionRequests,
  type ProvisionRequests,
} from './provisioning/provision-requests.ts';
import type { AuditDesk } from './reconciliation/audit/audit-desk.ts';
import { type ConfirmHost, createConfirmHost } from './reconciliation/confirm-host.ts';
import { createPortfolio, type Portfolio } from './reconciliation/portfolio.ts';
import type { OrphanSamples } from './reconciliation/ports/orphan-samples.ts';
import { createSyncRequests, type SyncRequests } from './reconciliation/sync-requests.ts';
import { createSyncAllStarter, type StartSyncAll } from './reconciliation/sync-schedule.ts';
import { createReconciliation } from './reconciliation-parts.ts';
import { pause } from './saga/deadline.ts';
import type { Elections } from './saga/ports/elections.ts';
import type { SagaLog } from './saga/ports/saga-log.ts';
import type { WakeUps } from './saga/ports/wake-ups.ts';
import type { Workforce } from './saga/ports/workforce.ts';
import { createRegistry, type Registry } from './saga/registry.ts';
import { createSagas, type Sagas } from './saga/sagas.ts';
import { VERSION } from './version.ts';

export interface Services {
  readonly config: Config;
  readonly log: Logger;
  readonly keyPrefix: string;
  readonly connection: Connection;
  /** Fails fast: for the API's own use (health). */
  readonly redis: Redis;
  /** Answers within half a second or fails: every request waits for it. */
  readonly rateLimitRedis: Redis;
  readonly queues: ReadonlyMap<QueueName, SagaQueue>;
  readonly clock: DatabaseClock;
  readonly runtime: BotRuntime;
  readonly registry: Registry;
  readonly sagaLog: SagaLog;
  readonly wakeUps: WakeUps;
  readonly elections: Elections;
  readonly workforce: Workforce;
  readonly deletionPorts: DeletionPorts;
  readonly sagas: Sagas;
  readonly deletions: DeleteRequests;
  readonly provisions: ProvisionRequests;
  readonly accounts: Accounts;
  readonly portfolio: Portfolio;
  readonly syncs: SyncRequests;
  readonly startSyncAll: StartSyncAll;
  readonly orphanSamples: OrphanSamples;
  readonly resolveFindings: ResolveFindings;
  readonly confirmHost: ConfirmHost;
  readonly audits: AuditDesk;
  readonly health: HealthPorts;
  readonly healthDesk: HealthDesk;
  readonly metrics: { readonly registry: MetricsRegistry; readonly saga: SagaMetrics };
  /** Null where no collector is configured. */
  readonly telemetry: Telemetry | null;
  /** What the migration found that violates a constraint. */
  readonly migration: MigrationReport;
  /** A connection for a worker: waits for Redis as long as it takes. Closed with the services. */
  workerRedis(): Redis;
  /** Idempotent. Workers are stopped before. */
  close(): Promise<void>;
}

export interface ServicesOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly mongodbUri: string;
  readonly redisUrl: string;
  /** What Redis keys begin with: runs side by side on one server need their own. */
  readonly keyPrefix: string;
}

const QUEUE_NAMES: readonly QueueName[] = ['deletion', 'sync', 'health'];
/** In front of every Redis key of this program. */
export const DEFAULT_KEY_PREFIX = 'reclaim';

/** @throws when MongoDB does not answer: without it nothing can be promised. */
export async function createServices(options: ServicesOptions): Promise<Services> {
  const { config, log, keyPrefix } = options;
  const migration = await migrateOnItsOwn(options.mongodbUri);
  const connection = await connectMongo(options.mongodbUri);
  const now = () => new Date();
  const clock = await startDatabaseClock(connection);
  const redisSockets: Redis[] = [];
  const openRedis = (role: RedisRole) => {
    const redis = connectRedis(options.redisUrl, role, (err) => log.debug({ err }, 'redis'));
    redisSockets.push(redis);
    return redis;
  };
  const redis = openRedis('producer');
  const rateLimitRedis = openRedis('rate-limit');
  const queues = openQueues(redis, keyPrefix, log);
  const runtime = await chooseBotRuntime({ config, connection, now, log });
  const sagaLog = createMongoSagaLog({
    connection,
    clock,
    retentionDays: config.sagaRetentionDays,
  });
  const poolStatePlace = openPoolStatePlace({ config, connection, now, log });
  const deletionPorts: DeletionPorts = {
    wallets: createMongoWallets({ connection }),
    ledger: createMongoLedger({ connection }),
    tombstones: createMongoTombstones({ connection }),
    findings: createMongoFindings({ connection }),
    poolStates: poolStatePlace.poolStates,
    bots: runtime.bots,
    findSagas: (ids) => sagaLog.findStates(ids),
  };
  const metricsRegistry = new MetricsRegistry();
  const accounts = createMongoAccounts({ connection });
  const { ports: syncPorts, definitions } = createReconciliation({
    config,
    connection,
    metrics: metricsRegistry,
    deletionPorts,
    accounts,
    sagas: () => sagas,
  });
  const health = createHealth({
    ...{ config, connection, clock, deletionPorts, runtime },
    metrics: metricsRegistry,
    sagas: () => sagas,
  });
  const registry = createRegistry([
    createDeleteBotSaga(deletionPorts),
    createProvisionBotSaga(deletionPorts),
    ...definitions,
    ...health.definitions,
  ]);
  const telemetry = await openTelemetry(config, log);
  const plainWakeUps = createBullmqWakeUps(queues);
  const wakeUps = telemetry?.traceWakeUps(plainWakeUps) ?? plainWakeUps;
  const sagas: Sagas = createSagas({
    log: sagaLog,
    registry,
    wakeUps,
    clock,
    onWakeFailed: (err) => log.warn({ err }, 'wake-up lost; the relay will send another'),
    tracer: telemetry?.tracer,
  });
  registerOpenSagaGauges(metricsRegistry, {
    openSummary: () => sagaLog.openSummary(),
    stuck: async (limit) => (await sagaLog.list({ phases: ['stuck'], limit })).sagas,
    atRiskMinor: (saga) => sagas.atRiskMinor(saga),
  });
  await poolStatePlace.begin(accounts);
  hurryTombstones(runtime, deletionPorts, log);

  let closing: Promise<void> | undefined;
  const close = async () => {
    await sagas.close();
    const spansSent = telemetry?.stop();
    runtime.docker?.close();
    await poolStatePlace.close();
    await closeQueues([...queues.values()], log);
    for (const socket of redisSockets) socket.disconnect();
    await clock.stop();
    await connection.close();
    await spansSent;
  };
  return {
    config,
    log,
    keyPrefix,
    connection,
    redis,
    rateLimitRedis,
    queues,
    clock,
    runtime,
    registry,
    sagaLog,
    wakeUps,
    elections: createMongoElections(connection),
    workforce: createMongoWorkforce(connection),
    deletionPorts,
    sagas,
    deletions: createDeleteRequests({
      ports: deletionPorts,
      sagas,
      onStopFailure: config.onStopFailure,
      stopTimeoutMs: config.stopTimeoutMs,
    }),
    provisions: createProvisionRequests({
      ports: deletionPorts,
      accounts,
      numbers: createMongoBotNumbers(connection),
      keys: createMongoRequestKeys(connection),
      sagas,
      image: config.botImage ?? null,
      // A program has its startsecs before it counts as running, and may be tried again.
      startTimeoutMs: 2 * config.stopTimeoutMs,
      undoTimeoutMs: config.stopTimeoutMs,
    }),
    accounts,
    portfolio: createPortfolio({ ...deletionPorts, accounts }),
    syncs: createSyncRequests({ ports: syncPorts, sagas, nowMs: () => clock.nowMs() }),
    startSyncAll: createSyncAllStarter(sagas),
    orphanSamples: syncPorts.samples,
    resolveFindings: createResolveFindings({ ports: deletionPorts, sagas }),
    confirmHost: createConfirmHost({ bots: runtime.bots, hostRecords: syncPorts.hostRecords }),
    health: health.ports,
    healthDesk: health.desk,
    audits: createAuditing({ connection, ...deletionPorts, config, metricsRegistry, log }),
    metrics: { registry: metricsRegistry, saga: createSagaMetrics(metricsRegistry) },
    telemetry,
    migration,
    workerRedis: () => openRedis('worker'),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

// Loaded only here: without a collector the SDK costs neither time nor memory.
async function openTelemetry(
  { otlpEndpoint: endpoint, serviceName }: Config,
  log: Logger,
): Promise<Telemetry | null> {
  if (endpoint === undefined) return null;
  const { startTelemetry } = await import('./adapters/telemetry/start-telemetry.ts');
  return startTelemetry({
    endpoint,
    serviceName,
    version: VERSION,
    onLost: (err) => log.warn({ err }, 'traces are lost: the collector does not take them'),
    onBack: () => log.info('the collector takes traces again'),
  });
}

async function migrateOnItsOwn(uri: string): Promise<MigrationReport> {
  const connection = await connectMongo(uri, 'endless');
  try {
    return await migrate(connection, [
      ...SAGA_LOG_INDEXES,
      ...REQUEST_KEY_INDEXES,
      ...HEALTH_INDEXES,
      ...POOL_STATE_INDEXES,
    ]);
  } finally {
    await connection.close();
  }
}

/** A secret that all processes of one system share, made by the first that asks. */
export async function sharedSecret(connection: Connection, name: string): Promise<string> {
  const secrets = connection.collection<{ _id: string; value: string }>('secrets');
  const made = randomBytes(48).toString('base64url');
  const found = await secrets.findOneAndUpdate(
    { _id: name },
    { $setOnInsert: { value: made } },
    { upsert: true, returnDocument: 'after' },
  );
  return found?.value ?? made;
}

function openQueues(
  connection: Redis,
  prefix: string,
  log: Logger,
): ReadonlyMap<QueueName, SagaQueue> {
  return new Map(
    QUEUE_NAMES.map((name) => {
      // Waits for Redis to be there once (a queue that fails to begin never recovers); from then on its
      // calls fail at once while Redis is away. Callers have deadlines of their own.
      const queue: SagaQueue = new Queue(name, { connection, prefix });
      queue.on('error', (err) => log.debug({ err, queue: name }, 'queue'));
      return [name, queue];
    }),
  );
}

// Closing a queue asks Redis, which may be away.
async function closeQueues(queues: readonly SagaQueue[], log: Logger): Promise<void> {
  const giveUp = new AbortController();
  const closing = queues.map((queue) =>
    queue.close().catch((err: unknown) => log.debug({ err }, 'queue not closed cleanly')),
  );
  await Promise.race([Promise.all(closing), pause(QUEUE_CLOSE_MS, giveUp.signal)]);
  giveUp.abort();
}

const QUEUE_CLOSE_MS = 1_000;

function hurryTombstones(runtime: BotRuntime, { tombstones }: DeletionPorts, log: Logger): void {
  runtime.docker?.open();
  runtime.docker?.onHostBack((host) => {
    tombstones.hurry().catch((err: unknown) => log.warn({ err, host }, 'tombstones not hurried'));
  });
}
