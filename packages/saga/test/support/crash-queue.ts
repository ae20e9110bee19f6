// A queue of one saga's own on the real Redis, and the processes that work on it: each with a wire of its own,
// which a death cuts.

import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import { inject } from 'vitest';
import { createTcpProxy } from '../../../../test/support/tcp-proxy.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import { createBullmqWakeUps, type SagaQueue } from '../../src/queue/bullmq-wake-ups.ts';
import { connectRedis } from '../../src/queue/connections.ts';
import { startSagaWorker } from '../../src/queue/saga-worker.ts';
import type { WakeUps } from '../../src/queue/wake-ups.ts';
import type { Clock } from '../../src/run/clock.ts';
import type { RunOutcome } from '../../src/run/runner.ts';
import type { CrashWorker } from '../../src/testing/crash/crash-worker.ts';

export interface CrashQueue {
  readonly wakeUps: WakeUps;
  startProcess(worker: CrashWorker, leaseMs: number): Promise<CrashProcess>;
  close(): Promise<void>;
}

export interface CrashProcess {
  /** The saga at rest, unless this worker dies before. */
  readonly end: Promise<SagaRecord | 'dead'>;
  /** Takes Redis away from it. */
  cutOff(): void;
  /** Gives Redis back, so that it finds out what became of its job, and closes it. */
  close(): Promise<void>;
}

/** Nobody is in the middle of anything any more. */
const CLOSE_MS = 1_000;

export async function openCrashQueue(clock: Clock): Promise<CrashQueue> {
  const url = inject('redisUrl');
  const name = 'crashes';
  const prefix = `t-${randomUUID()}`;
  const redis = connectRedis(url, 'worker', () => undefined);
  const queue: SagaQueue = new Queue(name, { connection: redis, prefix });
  await queue.waitUntilReady();
  return {
    wakeUps: createBullmqWakeUps(() => queue),
    startProcess: async (worker, leaseMs) => {
      const { hostname, port } = new URL(url);
      const wire = await createTcpProxy({ host: hostname, port: Number(port) });
      const connection = connectRedis(`redis://127.0.0.1:${wire.port}`, 'worker', () => undefined);
      const { promise: end, resolve } = Promise.withResolvers<SagaRecord | 'dead'>();
      const running = startSagaWorker({
        queue: name,
        connection,
        prefix,
        runner: { run: (id, control) => runUntilDeath(worker, id, control, resolve) },
        clock,
        concurrency: 1,
        leaseMs,
        // A process without Redis says so all the time.
        onError: () => undefined,
        onStalled: () => undefined,
        onForeign: () => undefined,
      });
      return {
        end,
        cutOff: wire.cut,
        close: async () => {
          wire.heal();
          await running.close(CLOSE_MS);
          connection.disconnect();
          wire.cut();
        },
      };
    },
    close: async () => {
      await queue.obliterate({ force: true });
      await queue.close();
      redis.disconnect();
    },
  };
}

/** A dead worker's job gets no answer before the dead come back. */
async function runUntilDeath(
  worker: CrashWorker,
  id: Parameters<CrashWorker['run']>[0],
  control: Parameters<CrashWorker['run']>[1],
  report: (end: SagaRecord | 'dead') => void,
): Promise<RunOutcome> {
  const end = await worker.run(id, control);
  if (end.status === 'dead') {
    report('dead');
    return worker.afterDeath();
  }
  if (end.status === 'at-rest' && end.saga !== null) report(end.saga);
  return end;
}
