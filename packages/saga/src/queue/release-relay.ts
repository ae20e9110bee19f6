// Makes up for releases whose process has died or failed (operate/release-ended.ts). Runs beside the relay of wake-ups, in
// every process: a leader of another release would leave those of versions that it does not know.

import type { SagaLog } from '../log/saga-log.ts';
import { type ReleaseDeps, releaseEnded } from '../operate/release-ended.ts';

export interface ReleaseRelayDeps extends ReleaseDeps {
  readonly log: Pick<SagaLog, 'noteReleased' | 'takeUnreleased'>;
  /** A release that failed. */
  readonly onError: (error: unknown) => void;
}

/** One after the other: what an operator has ended is a handful. */
const BATCH = 5;
/** Longer than a batch may take. */
export const RELEASE_HOLD_MS = 60_000;

export async function releaseOwed(deps: ReleaseRelayDeps, signal: AbortSignal): Promise<void> {
  const { runnable } = deps.registry;
  const owed = { runnable, limit: BATCH, holdMs: RELEASE_HOLD_MS };
  for (const saga of await deps.log.takeUnreleased(owed)) {
    if (signal.aborted) return;
    await releaseEnded(deps, saga).catch(deps.onError);
  }
}
