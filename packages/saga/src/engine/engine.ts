// The engine as one thing: the log, the queues, the clock and the definitions of one installation, put together. What is
// made here is closed here; the connections that the caller gave stay the caller's.

import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Db } from 'mongodb';
import type { SagaDefinition } from '../definition.ts';
import type { Json } from '../json.ts';
import { claimPrefix } from '../log/mongodb/claim-prefix.ts';
import { createMongoLeaderLeases, type LeaderLeases } from '../log/mongodb/mongo-leader-leases.ts';
import { createMongoSagaLog, type MongoSagaLog } from '../log/mongodb/mongo-saga-log.ts';
import { makeSagaIndexes } from '../log/mongodb/saga-log-indexes.ts';
import { startDatabaseClock } from '../mongodb/database-clock.ts';
import { createBullmqWakeUps, type SagaQueue } from '../queue/bullmq-wake-ups.ts';
import type { WakeUps } from '../queue/wake-ups.ts';
import { createRegistry, type Registry } from '../registry.ts';
import type { Clock } from '../run/clock.ts';
import { within } from '../run/deadline.ts';
import type { LocalRuns } from '../run/local-runs.ts';
import type { Tracer } from '../run/tracer.ts';
import { createSagas, type Sagas } from '../sagas.ts';
import { type EngineEvents, shieldEvents } from './engine-events.ts';
import { createJob, type Job, type StartOptions } from './job.ts';
import { shieldTracer } from './shield-tracer.ts';
import { startWorker, type WorkerOptions } from './start-worker.ts';

export interface EngineOptions {
  /**
   * The database of the log: collections `sagas`, `leaderLeases`, `workers` and `engine`. Writes need a majority, so a
   * replica set. Engines that share it must share their prefix and their definitions: one of them wakes the sagas of all.
   */
  readonly db: Db;
  /** For the queues' own commands. One that fails fast keeps callers from waiting for a Redis that is away. */
  readonly redis: Redis;
  /** A connection for one worker, which waits for Redis as long as it takes. Default: a duplicate of `redis`. */
  readonly workerRedis?: () => Redis;
  /** What can be run here, and how. */
  readonly sagas: readonly SagaDefinition[];
  /** In front of every Redis key. Two engines with one prefix and one Redis must have one database. */
  readonly prefix?: string;
  /** How long a worker's claim lasts without a renewal. A dead worker's sagas wait about twice as long. */
  readonly leaseMs?: number;
  /** How long ended sagas are kept. */
  readonly retentionDays?: number;
  /** False where the caller makes the indexes itself (`SAGA_LOG_INDEXES`, `searchIndexes`). */
  readonly makesIndexes?: boolean;
  /** The database's clock, where the caller reads it already; it stays the caller's. */
  readonly clock?: Clock;
  readonly tracer?: Tracer | undefined;
  /** Puts something around the wake-ups: a trace, a count. */
  readonly wrapWakeUps?: (wakeUps: WakeUps) => WakeUps;
  readonly events?: Partial<EngineEvents>;
}

export interface Engine {
  /** Durable when it returns (I7). An open saga of the same key is the job then (I8). */
  start<Input extends Json, End extends Json>(
    definition: SagaDefinition<Input, End>,
    input: Input,
    options?: StartOptions,
  ): Promise<Job<End>>;
  /** Runs sagas in this process, and by default the relay that brings lost wake-ups back. */
  startWorker(options?: WorkerOptions): EngineWorker;
  /** Everything else that callers and operators do with sagas. */
  readonly sagas: Sagas;
  readonly registry: Registry;
  readonly log: MongoSagaLog;
  readonly clock: Clock;
  readonly wakeUps: WakeUps;
  /** Choose the process for what one at a time should do. */
  readonly leaderLeases: LeaderLeases;
  readonly queues: ReadonlyMap<string, SagaQueue>;
  /** Stop the workers first. Idempotent. */
  close(): Promise<void>;
}

export interface EngineWorker {
  /** Comes to the next step boundary of every running saga, then ends. Idempotent. */
  stop(): Promise<void>;
}

/** Long enough for a pause of a process or a failover, short enough that a dead worker's sagas are resumed soon. */
const LEASE_MS = 30_000;
const RETENTION_DAYS = 90;

/** What the components of one engine share. */
export interface EngineCore extends Omit<Engine, 'start' | 'startWorker' | 'close'> {
  readonly db: Db;
  readonly prefix: string;
  readonly leaseMs: number;
  readonly tracer: Tracer | undefined;
  readonly events: EngineEvents;
  readonly workerRedis: () => Redis;
  /** Of this process's workers, by their queues. */
  readonly localRuns: Map<string, Pick<LocalRuns, 'reserve'>>;
}

/** @throws UnavailableError when MongoDB does not answer; TerminalError PREFIX_DIFFERS where the database is that of an
 * engine with another prefix; Error for a definition that cannot be run. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { db, redis, prefix = 'saga', leaseMs = LEASE_MS } = options;
  const { retentionDays = RETENTION_DAYS, makesIndexes = true } = options;
  const events = shieldEvents(options.events);
  const tracer =
    options.tracer &&
    shieldTracer(options.tracer, (error) => events.failed('a span is lost', error));
  const registry = createRegistry(options.sagas);
  await claimPrefix(db, prefix);
  const { clock, stop: stopClock } = await clockOf(options);
  if (makesIndexes) {
    await makeSagaIndexes(
      db,
      registry.definitions.flatMap(({ searchBy = [] }) => searchBy),
    );
  }
  const log = createMongoSagaLog({ db, clock, retentionDays });
  const queues = openQueues(registry, redis, prefix, events);
  const queueOf = (kind: string) => mustHave(queues, registry.queueOf(kind));
  const plainWakeUps = createBullmqWakeUps(queueOf);
  const wakeUps = rejecting(options.wrapWakeUps?.(plainWakeUps) ?? plainWakeUps);
  const localRuns: EngineCore['localRuns'] = new Map();
  const sagas = createSagas({
    ...{ log, registry, wakeUps, clock, tracer },
    reserve: (registered, input) =>
      localRuns.get(registry.queueOf(registered.definition.name))?.reserve(registered, input) ??
      null,
    onWakeFailed: (error) => events.failed('wake-up lost; the relay will send another', error),
  });
  const leaderLeases = createMongoLeaderLeases(db);
  const shared = { sagas, registry, log, clock, wakeUps, leaderLeases, queues };
  const duplicates: Redis[] = [];
  const workerRedis = options.workerRedis ?? (() => waitingDuplicate(redis, duplicates));
  const own = { db, prefix, leaseMs, tracer, events, workerRedis, localRuns };
  const core: EngineCore = { ...shared, ...own };
  let closing: Promise<void> | undefined;
  return {
    ...shared,
    start: async (definition, input, startOptions) =>
      createJob(sagas, definition.name, input, startOptions),
    startWorker: (workerOptions) => startWorker(core, workerOptions),
    close: () => {
      closing ??= close();
      return closing;
    },
  };

  async function close(): Promise<void> {
    await sagas.close();
    await closeQueues([...queues.values()], events);
    // BullMQ leaves open what it was given.
    for (const duplicate of duplicates) duplicate.disconnect();
    await stopClock();
  }
}

// What a wrapper throws at once would reach callers that only await: a start would fail whose saga is stored.
function rejecting(wakeUps: WakeUps): WakeUps {
  return {
    wake: async (sagaId, kind) => wakeUps.wake(sagaId, kind),
    requeue: async (sagaId, kind) => wakeUps.requeue(sagaId, kind),
  };
}

function openQueues(
  registry: Registry,
  connection: Redis,
  prefix: string,
  events: EngineEvents,
): ReadonlyMap<string, SagaQueue> {
  return new Map(
    registry.queues.map((name) => {
      // Waits for Redis to be there once (a queue that fails to begin never recovers); from then on its
      // calls fail at once while Redis is away. Callers have deadlines of their own.
      const queue: SagaQueue = new Queue(name, { connection, prefix });
      queue.on('error', (error) => events.failed(`queue ${name}`, error));
      return [name, queue];
    }),
  );
}

// Closing a queue calls Redis, which may be unavailable.
async function closeQueues(queues: readonly SagaQueue[], events: EngineEvents): Promise<void> {
  const closing = queues.map((queue) =>
    queue.close().catch((error: unknown) => events.failed('queue not closed cleanly', error)),
  );
  await within(Promise.all(closing), { ms: QUEUE_CLOSE_MS, late: null });
}

const QUEUE_CLOSE_MS = 1_000;

function mustHave(queues: ReadonlyMap<string, SagaQueue>, name: string): SagaQueue {
  const queue = queues.get(name);
  if (queue === undefined) throw new RangeError(`no queue is named ${name}`);
  return queue;
}

function waitingDuplicate(redis: Redis, made: Redis[]): Redis {
  const duplicate = redis.duplicate({ maxRetriesPerRequest: null, enableOfflineQueue: true });
  made.push(duplicate);
  return duplicate;
}

async function clockOf({ clock, db }: EngineOptions) {
  if (clock !== undefined) return { clock, stop: async () => undefined };
  const own = await startDatabaseClock(db);
  return { clock: own, stop: () => own.stop() };
}
