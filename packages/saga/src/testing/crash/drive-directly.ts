// The run starts the next worker: at once, which is the worst moment, since the dead one's last
// calls have just landed and its lease is made to run out. No time passes in it, so thousands of runs are possible.

import type { SagaRecord } from '../../log/record.ts';
import type { Clock } from '../../run/clock.ts';
import { NO_WAKE_UPS } from '../bare-engine.ts';
import type { RunUnderWay } from './crash-run.ts';

const LEASE_MS = 15_000;
/** More turns than any saga needs with a death at each end. */
const MAX_TURNS = 80;

/** @returns the saga at rest. */
export async function driveDirectly(run: RunUnderWay): Promise<SagaRecord> {
  const { environment, order } = run;
  let passedMs = 0;
  const clock: Clock = {
    nowMs: () => environment.clock.nowMs() + passedMs,
    monotonicMs: () => environment.clock.monotonicMs() + passedMs,
  };
  // As soon as another holds the claim.
  const hold = order.back === 'beside-the-next' ? run.comeBack : () => undefined;
  const leases = { hold, drop: () => undefined };
  const next = () => run.nextWorker({ clock, leaseMs: LEASE_MS, leases });
  let worker = next();
  const here = order.wakeUps === 'accepted-here' ? worker : undefined;
  const id = await run.start(NO_WAKE_UPS, clock, here);
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const end = await worker.run(id);
    if (end.status === 'at-rest' && end.saga !== null) return end.saga;
    if (end.status === 'dead') {
      passedMs += LEASE_MS + 1;
      worker = next();
    } else if (end.status === 'later') {
      passedMs += Math.max(0, end.atMs - clock.nowMs()) + 1;
    }
    await environment.expire(id);
  }
  throw new Error(`saga ${id} does not come to rest`);
}
