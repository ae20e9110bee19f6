// The round that the clock starts.

import type { HealthPorts } from './health-ports.ts';
import { type RoundReport, watchPools } from './watch-pools.ts';

/** The clock's job, and its scheduler. Not the name of a kind of saga: a wake-up carries its saga's kind as its name, and
 * must never be taken for a tick. */
export const HEALTH_TICK = 'pool-health-by-clock';

/** A round that fails is reported and not tried again: the next one is never far. */
export async function checkByClock(
  ports: HealthPorts,
  stopping: AbortSignal,
  onReport: (report: RoundReport) => void,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    onReport(await watchPools(ports, { signal: stopping }));
  } catch (error) {
    onError(error);
  }
}
