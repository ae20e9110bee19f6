// Exponential with full jitter and a cap: many sagas that failed together do not come back together.

import type { RetryPolicy } from '../definition.ts';

/** A dependency that is away is probed about every second, regardless of the step's own policy. */
const OUTAGE_PROBE_MS = 1_000;

/** @param attempt 1 after the first failure. @param random in [0, 1). @returns milliseconds. */
export function backoffMs(policy: RetryPolicy, attempt: number, random: number): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling * random);
}

/** Between half and one and a half times the probe interval: jittered, but never a tight loop. */
export function outageDelayMs(random: number): number {
  return Math.round(OUTAGE_PROBE_MS * (0.5 + random));
}
