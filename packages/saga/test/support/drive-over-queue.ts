// The whole way that a wake-up goes: the saga's start adds the job, a BullMQ worker takes it, leases are renewed
// and run out by the database's clock. A death cuts that worker off from Redis; the job's lock runs out, the
// next worker's stalled check brings the job back. It takes seconds of waiting, so it is run once for each point.
// Wake-ups that are lost altogether are the relay's, and have tests of their own.

import type { SagaRecord } from '../../src/log/record.ts';
import { createLeaseKeeper } from '../../src/run/lease-keeper.ts';
import type { RunUnderWay } from '../../src/testing/crash/crash-run.ts';
import { openCrashQueue } from './crash-queue.ts';

/** Of the job's lock and of the saga's: as short as a busy machine can bear. No multiple of three. */
const LEASE_MS = 2_000;

/** @returns the saga at rest. */
export async function driveOverQueue(run: RunUnderWay): Promise<SagaRecord> {
  const { clock } = run.environment;
  const queue = await openCrashQueue(clock);
  run.onEnd(queue.close);
  await run.start(queue.wakeUps, clock);
  for (;;) {
    const onError = () => undefined;
    const leases = createLeaseKeeper({ log: run.nextLog(), leaseMs: LEASE_MS, onError });
    leases.start();
    run.onEnd(leases.stop);
    const worker = run.nextWorker({ clock, leaseMs: LEASE_MS, leases });
    const process = await queue.startProcess(worker, LEASE_MS);
    run.onEnd(process.close);
    const saga = await process.end;
    if (saga !== 'dead') return saga;
    await leases.stop();
    process.cutOff();
  }
}
