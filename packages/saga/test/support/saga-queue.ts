// The engine on a real queue: a key prefix of the test's own, workers and relays that are closed with it.

import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { createMongoLeaderLeases } from '../../src/log/mongodb/mongo-leader-leases.ts';
import { createBullmqWakeUps, type SagaQueue } from '../../src/queue/bullmq-wake-ups.ts';
import { connectRedis } from '../../src/queue/connections.ts';
import { createElected } from '../../src/queue/elected.ts';
import { wakeOverdue } from '../../src/queue/relay.ts';
import { startSagaWorker } from '../../src/queue/saga-worker.ts';
import type { WakeUps } from '../../src/queue/wake-ups.ts';
import type { Periodic } from '../../src/run/periodic.ts';
import type { TestEngine } from './saga-engine.ts';

export interface TestQueue {
  readonly prefix: string;
  readonly queue: SagaQueue;
  readonly redis: Redis;
  readonly wakeUps: WakeUps;
  /** As FLUSHALL does, for this test's keys alone: a running server is shared. */
  flush(): Promise<void>;
  startWorker(
    engine: Pick<TestEngine, 'clock'> & { readonly runner: Pick<TestEngine['runner'], 'run'> },
    ticks?: ReadonlyMap<string, () => Promise<void>>,
  ): ReturnType<typeof startSagaWorker> & { readonly errors: readonly unknown[] };
  startRelay(engine: TestEngine, wakeUps?: WakeUps): Periodic & { readonly repaired: string[] };
}

/** Short, so that a dead worker's job is found stalled within a second; no multiple of three. */
const JOB_LOCK_MS = 1_000;

export async function createTestQueue(url = inject('redisUrl')): Promise<TestQueue> {
  const prefix = `t-${randomUUID()}`;
  const open = (role: 'producer' | 'worker', to: string) => {
    const redis = connectRedis(to, role, () => undefined);
    onTestFinished(() => redis.disconnect());
    return redis;
  };
  const redis = open('producer', url);
  const keys = open('worker', inject('redisUrl'));
  const queue: SagaQueue = new Queue('deletion', { connection: redis, prefix });
  queue.on('error', () => undefined);
  await queue.waitUntilReady();
  const wakeUps = createBullmqWakeUps(() => queue);
  const flush = async () => {
    for await (const found of keys.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
      if (found.length > 0) await keys.del(...found);
    }
  };
  onTestFinished(async () => {
    await queue.close().catch(() => undefined);
    await flush();
  });
  return {
    prefix,
    queue,
    redis,
    wakeUps,
    flush,
    startWorker: ({ runner, clock }, ticks = new Map()) => {
      const errors: unknown[] = [];
      const worker = startSagaWorker({
        queue: 'deletion',
        connection: open('worker', inject('redisUrl')),
        prefix,
        runner,
        clock,
        ticks,
        concurrency: 20,
        leaseMs: JOB_LOCK_MS,
        onError: (error) => void errors.push(error),
        onStalled: () => undefined,
        onForeign: () => undefined,
      });
      onTestFinished(() => worker.close(500));
      return { ...worker, errors };
    },
    startRelay: ({ log, db }, woken = wakeUps) => {
      const repaired: string[] = [];
      const leaderLeases = createMongoLeaderLeases(db);
      const onError = () => undefined;
      const onRepair = ({ sagaId }: { readonly sagaId: string }) => void repaired.push(sagaId);
      const relay = createElected({
        ...{ name: 'relay', leaderLeases, limitMs: 10_000, onError },
        // The election lasts five times as long: a slow machine must not change the elected one.
        everyMs: 300,
        holdMs: 500,
        turn: (signal) => wakeOverdue({ log, wakeUps: woken, onRepair, onError }, 500, signal),
      });
      const stop = async () => {
        await relay.stop();
        await leaderLeases.giveBack();
      };
      onTestFinished(stop);
      relay.start();
      return { start: relay.start, stop, repaired };
    },
  };
}

export function rests(engine: TestEngine, id: Parameters<TestEngine['log']['find']>[0]) {
  return waitFor(`saga ${id} to rest`, async () => {
    const saga = await engine.log.find(id);
    return saga !== null && (!saga.open || saga.state.phase === 'stuck') && saga;
  });
}
