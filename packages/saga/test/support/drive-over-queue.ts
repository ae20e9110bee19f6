// The whole way that a wake-up goes: the saga's start adds the job, a BullMQ worker takes it, leases are renewed
// and run out by the database's clock. A death cuts that worker off from Redis; the job's lock runs out, the
// next worker's stalled check brings the job back. It takes seconds of waiting, so it is run once for each point.
// Wake-ups that are lost altogether are the relay's, and have tests of their own.

import type { SagaRecord } from '../../src/log/record.ts';
import { createLeaseKeeper } from '../../src/run/lease-keeper.ts';
import type { Scene } from '../../src/testing/crash/crash-run.ts';
import { createCrashWorker } from '../../src/testing/crash/crash-worker.ts';
import { logAt, sagasOf, twistOf } from '../../src/testing/crash/scene-parts.ts';
import { openCrashQueue } from './crash-queue.ts';

/** Of the job's lock and of the saga's: as short as a busy machine can bear. No multiple of three. */
const LEASE_MS = 1_000;

/** @returns the saga at rest. */
export async function driveOverQueue(scene: Scene): Promise<SagaRecord> {
  const { ground, order, world, workers, closers } = scene;
  const { clock } = ground;
  const queue = await openCrashQueue(clock);
  closers.push(queue.close);
  const sagas = sagasOf(scene, queue.wakeUps, clock);
  closers.push(sagas.close);
  await sagas.start(world.order);
  for (;;) {
    const number = workers.length;
    const log = logAt(ground, number);
    const leases = createLeaseKeeper({ log, leaseMs: LEASE_MS, onError: () => undefined });
    const worker = createCrashWorker({
      fate: order.fates[number] ?? {},
      twist: twistOf(order.scenario, sagas, number),
      clock,
      leaseMs: LEASE_MS,
      leases,
      log,
      define: (plan) => world.define(plan, number % ground.logs.length),
    });
    workers.push(worker);
    leases.start();
    const process = await queue.startProcess(worker, LEASE_MS);
    closers.push(leases.stop, process.close);
    const saga = await process.end;
    if (saga !== 'dead') return saga;
    await leases.stop();
    process.cutOff();
  }
}
