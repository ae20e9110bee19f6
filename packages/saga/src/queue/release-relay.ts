// Makes up for releases whose process has died or failed (operate/release-ended.ts). Runs beside the relay of wake-ups; a
// leader lease spares the double work.

import type { LeaderLeases } from '../log/leader-leases.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { type ReleaseDeps, releaseEnded } from '../operate/release-ended.ts';
import { createPeriodic, type Periodic } from '../run/periodic.ts';

export interface ReleaseRelayOptions extends ReleaseDeps {
  readonly log: Pick<SagaLog, 'noteReleased' | 'takeUnreleased'>;
  readonly leaderLeases: LeaderLeases;
  readonly everyMs: number;
  /** A release that failed, or whose release no process of this version knows. */
  readonly onError: (error: unknown) => void;
}

/** One after the other: what an operator has ended is a handful. */
const BATCH = 5;
/** Longer than a batch may take. */
const HOLD_MS = 60_000;
const TURN_LIMIT_MS = HOLD_MS;
/** A process that misses this many turns is not alive. */
const MISSED_TURNS = 3;

export function createReleaseRelay(options: ReleaseRelayOptions): Periodic {
  const { leaderLeases, everyMs, onError } = options;
  return createPeriodic({
    everyMs,
    limitMs: TURN_LIMIT_MS,
    onError,
    turn: async (signal) => {
      if (await leaderLeases.hold('releases', everyMs * MISSED_TURNS)) {
        await releaseOwed(options, signal);
      }
    },
  });
}

export async function releaseOwed(
  options: Pick<ReleaseRelayOptions, 'log' | 'registry' | 'clock' | 'onError'>,
  signal: AbortSignal,
): Promise<void> {
  for (const saga of await options.log.takeUnreleased({ limit: BATCH, holdMs: HOLD_MS })) {
    if (signal.aborted) return;
    await releaseEnded(options, saga).catch(options.onError);
  }
}
