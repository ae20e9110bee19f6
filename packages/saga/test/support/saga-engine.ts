// The saga engine on a test's own database as one worker process has it: its own log,
// clock and runner.

import type { Db } from 'mongodb';
import { inject, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { openDb } from '../../../../test/support/open-db.ts';
import { createTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import type { Claim, SagaLog } from '../../src/log/saga-log.ts';
import type { WakeUps } from '../../src/queue/wake-ups.ts';
import { createRegistry, type Registry } from '../../src/registry.ts';
import type { Clock } from '../../src/run/clock.ts';
import type { Runner, RunOutcome } from '../../src/run/runner.ts';
import type { SagaId } from '../../src/saga-id.ts';
import { createSagas, type Sagas } from '../../src/sagas.ts';
import { createBareRunner, NO_WAKE_UPS } from '../../src/testing/bare-engine.ts';
import { openTestSagaLog, passForSagas } from './saga-log.ts';
import { createSagaWorld, type SagaWorld, stepsOf } from './saga-world.ts';

export interface TestEngine {
  readonly db: Db;
  readonly log: SagaLog;
  readonly clock: Clock;
  readonly sagas: Sagas;
  readonly registry: Registry;
  readonly runner: Runner;
  /** The claims that another worker took over. */
  readonly fenced: readonly Claim[];
  start(kind?: string): Promise<SagaId>;
  /** Runs it as a worker does, sleeps included, until it rests. */
  runToRest(id: SagaId): Promise<SagaRecord>;
  run(id: SagaId, signal?: AbortSignal): Promise<RunOutcome>;
  /** Lets so much time go by, for the leases in the database and for this worker. */
  pass(ms: number): Promise<void>;
}

export interface TestEngineOptions {
  readonly definitions: readonly SagaDefinition[];
  readonly db: Db;
  readonly waitInPlaceMs?: number;
  /** Default: nobody is woken. */
  readonly wakeUps?: WakeUps;
  /** What this worker has instead of the log it opens. */
  readonly wrapLog?: (log: SagaLog) => SagaLog;
  /** What this worker has instead of the clock it starts. */
  readonly wrapClock?: (clock: Clock) => Clock;
}

/** Longer than any test: a lease runs out when a test says so. */
export const LEASE_MS = 60_000;

export async function createTestEngine(options: TestEngineOptions): Promise<TestEngine> {
  const { definitions, db, waitInPlaceMs = 2_000, wakeUps = NO_WAKE_UPS } = options;
  const { log: opened, clock: databaseClock } = await openTestSagaLog(db);
  const log = options.wrapLog?.(opened) ?? opened;
  let passedMs = 0;
  const own: Clock = {
    nowMs: () => databaseClock.nowMs() + passedMs,
    monotonicMs: () => databaseClock.monotonicMs() + passedMs,
  };
  const clock = options.wrapClock?.(own) ?? own;
  const registry = createRegistry(definitions);
  const fenced: Claim[] = [];
  const runner = createBareRunner({
    ...{ log, registry, clock, leaseMs: LEASE_MS, waitInPlaceMs },
    onFenced: (claim) => void fenced.push(claim),
  });
  const sagas = createSagas({
    log,
    registry,
    wakeUps,
    clock,
    onWakeFailed: () => undefined,
  });
  const run = (id: SagaId, signal = new AbortController().signal) =>
    runner.run(id, { signal, isDraining: () => false });
  return {
    db,
    log,
    clock,
    sagas,
    registry,
    runner,
    fenced,
    run,
    pass: async (ms) => {
      await passForSagas(db, ms);
      passedMs += ms;
    },
    start: async (kind = 'test-saga') => {
      const order = { kind, subject: 'somebody', requestedBy: 'a test' };
      const key = `key/${Math.random()}`;
      return (await sagas.start({ ...order, input: { key } })).saga.id;
    },
    runToRest: async (id) => {
      for (let naps = 0; naps < MAX_NAPS; naps += 1) {
        const outcome = await run(id);
        if (outcome.status === 'at-rest' && outcome.saga !== null) return outcome.saga;
        if (outcome.status !== 'later') throw new Error(`saga ${id}: ${outcome.status}`);
        await waitFor('the saga to be due', () => clock.nowMs() > outcome.atMs);
      }
      throw new Error(`saga ${id} sleeps for ever`);
    },
  };
}

const MAX_NAPS = 50;

/** One more connection to the same database, over a wire that can be cut. */
export async function connectThroughProxy(
  db: Db,
): Promise<{ readonly proxy: TcpProxy; readonly wired: Db }> {
  const { hostname, port } = new URL(inject('mongodbUri'));
  const proxy = await createTcpProxy({ host: hostname, port: Number(port) });
  const uri = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`;
  const wired = await openDb(uri, { dbName: db.databaseName, serverSelectionTimeoutMS: 300 });
  onTestFinished(() => wired.client.close());
  return { proxy, wired };
}

type Build = (
  steps: ReturnType<typeof stepsOf>,
  world: SagaWorld,
) => SagaDefinition | readonly SagaDefinition[];

/** A new database, a world on it, and an engine; `another` is one more worker on the same sagas. */
export async function setUpEngine(build: Build, options: { readonly waitInPlaceMs?: number } = {}) {
  const db = await createTestDatabase();
  const world = await createSagaWorld(db);
  const definitions = [build(stepsOf(world), world)].flat();
  const engine = await createTestEngine({ definitions, db, ...options });
  const another = () => createTestEngine({ definitions, db, ...options });
  const runOne = async () => {
    const id = await engine.start();
    return engine.runToRest(id);
  };
  return { db, world, engine, another, runOne };
}
