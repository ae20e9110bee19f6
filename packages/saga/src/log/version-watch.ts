// Records since when no live worker can run a saga's version. A rolling deploy that dropped a version too early
// leaves its sagas open without a worker for them: after a while they are shown as stuck, and they continue by
// themselves when a worker that knows them comes (I10).

import { isAtRest, type SagaState } from '../machine/state.ts';
import { createPeriodic, type Periodic } from '../run/periodic.ts';
import type { LeaderLeases } from './mongodb/mongo-leader-leases.ts';
import type { WorkerRegistry } from './mongodb/mongo-worker-registry.ts';
import type { SagaRecord } from './record.ts';
import type { SagaLog } from './saga-log.ts';

export interface VersionWatchOptions {
  readonly log: Pick<SagaLog, 'noteRunnable'>;
  readonly workerRegistry: WorkerRegistry;
  readonly leaderLeases: LeaderLeases;
  /** What this process can run. */
  readonly runnable: readonly string[];
  readonly everyMs: number;
  readonly onError: (error: unknown) => void;
}

/** A process that missed this many turns is not alive. */
const MISSED_TURNS = 3;
/** Longer than MongoDB needs to be found silent. */
const TURN_LIMIT_MS = 10_000;
/** A restart of all workers must not raise an alarm. */
const UNRUNNABLE_FOR_MS = 5 * 60_000;

export function createVersionWatch(options: VersionWatchOptions): Periodic {
  const { log, workerRegistry, leaderLeases, runnable, everyMs, onError } = options;
  const periodic = createPeriodic({
    everyMs,
    limitMs: TURN_LIMIT_MS,
    onError,
    turn: async () => {
      await workerRegistry.announce(runnable, everyMs * MISSED_TURNS);
      if (await leaderLeases.hold('version-watch', everyMs * MISSED_TURNS)) {
        await log.noteRunnable(await workerRegistry.runnable());
      }
    },
  });
  return {
    start: () => periodic.start(),
    stop: async () => {
      await periodic.stop();
      await workerRegistry.withdraw().catch(onError);
    },
  };
}

/** No live worker has been able to run the saga's version for five minutes. */
export function isUnrunnable(
  { unrunnableSince }: Pick<SagaRecord, 'unrunnableSince'>,
  nowMs: number,
): boolean {
  return unrunnableSince !== null && nowMs - Date.parse(unrunnableSince) >= UNRUNNABLE_FOR_MS;
}

/** What people are shown: the stored phase and cause, but stuck `no-worker-for-version` where no worker has
 * been able to run the saga for five minutes. */
export function shownState(saga: SagaRecord, nowMs: number): Pick<SagaState, 'phase' | 'cause'> {
  const { state, version } = saga;
  const { phase, cause, steps, cursor } = state;
  if (isAtRest(phase) || !isUnrunnable(saga, nowMs)) return { phase, cause };
  return {
    phase: 'stuck',
    cause: {
      class: 'hold',
      code: 'NO_WORKER_FOR_VERSION',
      message: `no live worker can run version ${version}; it continues when one starts`,
      step: steps[cursor]?.name ?? '',
    },
  };
}
