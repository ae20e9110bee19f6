// The components of an engine that a test drives by hand: a runner with nothing beside it, and wake-ups that wake no
// worker.

import type { WakeUps } from '../queue/wake-ups.ts';
import { createRunner, type Runner, type RunnerOptions } from '../run/runner.ts';

export const NO_WAKE_UPS: WakeUps = {
  wake: async () => undefined,
  requeue: async () => 'requeued',
};

type Given = Pick<RunnerOptions, 'log' | 'registry' | 'clock'> & Partial<RunnerOptions>;

/** No jitter, no wait in place, no lease that is renewed, but for what is given. */
export function createBareRunner(given: Given): Runner {
  return createRunner({
    leases: { hold: () => undefined, drop: () => undefined },
    cohorts: { enter: async () => undefined, leave: () => undefined },
    leaseMs: 60_000,
    random: () => 0,
    waitInPlaceMs: 0,
    onTransition: () => undefined,
    onFenced: () => undefined,
    ...given,
  });
}
