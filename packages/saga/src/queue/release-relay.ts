// Makes up for releases whose process has died or failed (operate/release-ended.ts). Runs beside the relay of wake-ups, in
// every process: a leader of another release would leave those of versions that it does not know.

import type { SagaLog } from '../log/saga-log.ts';
import { type ReleaseDeps, releaseEnded } from '../operate/release-ended.ts';
import { createPeriodic, type Periodic } from '../run/periodic.ts';

export interface ReleaseRelayOptions extends ReleaseDeps {
  readonly log: Pick<SagaLog, 'noteReleased' | 'takeUnreleased'>;
  readonly everyMs: number;
  /** A release that failed. */
  readonly onError: (error: unknown) => void;
}

/** One after the other: what an operator has ended is a handful. */
const BATCH = 5;
/** Longer than a batch may take. */
const HOLD_MS = 60_000;
const TURN_LIMIT_MS = HOLD_MS;

export function createReleaseRelay(options: ReleaseRelayOptions): Periodic {
  const { everyMs, onError } = options;
  const turn = (signal: AbortSignal) => releaseOwed(options, signal);
  return createPeriodic({ everyMs, limitMs: TURN_LIMIT_MS, onError, turn });
}

export async function releaseOwed(
  options: Pick<ReleaseRelayOptions, 'log' | 'registry' | 'clock' | 'onError'>,
  signal: AbortSignal,
): Promise<void> {
  const { runnable } = options.registry;
  const owed = { runnable, limit: BATCH, holdMs: HOLD_MS };
  for (const saga of await options.log.takeUnreleased(owed)) {
    if (signal.aborted) return;
    await releaseEnded(options, saga).catch(options.onError);
  }
}
