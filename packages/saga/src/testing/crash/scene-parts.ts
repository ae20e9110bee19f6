// What both ways of driving a scene make of it: the front door, the log of one process, the scenario's trouble.

import type { SagaLog } from '../../log/saga-log.ts';
import type { WakeUps } from '../../queue/wake-ups.ts';
import { createRegistry } from '../../registry.ts';
import type { Clock } from '../../run/clock.ts';
import { createSagas, type Sagas } from '../../sagas.ts';
import type { Scene } from './crash-run.ts';
import type { CrashGround, CrashScenario } from './crash-scenario.ts';
import type { CrashWorkerOptions } from './crash-worker.ts';
import type { CrashPlan } from './with-crash-points.ts';

export function sagasOf({ ground, world }: Scene, wakeUps: WakeUps, clock: Clock): Sagas {
  return createSagas({
    log: logAt(ground, 0),
    registry: createRegistry([world.define(NOTHING_HAPPENS, 0)]),
    wakeUps,
    clock,
    // Then nobody comes, and the run says so.
    onWakeFailed: () => undefined,
  });
}

const NOTHING_HAPPENS: CrashPlan = {
  reach: async () => undefined,
  reachCall: async () => undefined,
  underWay: (start) => start(),
};

/** Of the nth worker; there may be more workers than processes. */
export function logAt({ logs }: CrashGround, worker: number): SagaLog {
  const log = logs[worker % logs.length];
  if (log === undefined) throw new RangeError('a ground without a process');
  return log;
}

export function twistOf(
  { twist }: CrashScenario,
  sagas: Sagas,
  worker: number,
): CrashWorkerOptions['twist'] {
  if (twist === undefined || (twist.isLater === true && worker === 0)) return async () => undefined;
  return async (point, id) => {
    if (twist.at !== point) return;
    if (twist.does !== 'cancel') throw twist.does();
    await sagas.requestCancel(id, 'a test');
  };
}
