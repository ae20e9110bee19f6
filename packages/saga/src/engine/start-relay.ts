// What one process of an installation does for all of them: makes lost wake-ups anew, keeps stuck sagas on the dashboard
// and the repeated jobs in Redis. Leases in MongoDB choose the process; two at once do no harm.

import { createRelay } from '../queue/relay.ts';
import { createReleaseRelay } from '../queue/release-relay.ts';
import { ensureSchedule, type Schedule } from '../queue/schedules.ts';
import { createStuckInSight } from '../queue/show-stuck.ts';
import { rhythmOf } from '../run/lease-rhythm.ts';
import { createPeriodic } from '../run/periodic.ts';
import type { EngineCore } from './engine.ts';

export interface EngineSchedule extends Schedule {
  readonly queue: string;
}

/** What an ended saga still holds is nobody's for no longer than this and the first pass. */
const RELEASES_EVERY_MS = 10_000;
/** A flush of Redis takes stuck sagas off the dashboard for no longer. */
const STUCK_CHECK_EVERY_MS = 10_000;
/** Redis may have been flushed: a repeated job is back within this time. */
const SCHEDULES_EVERY_MS = 10_000;

/** @returns how to stop it. */
export function startRelay(
  core: EngineCore,
  schedules: readonly EngineSchedule[],
): () => Promise<void> {
  const { log, wakeUps, leaderLeases, events, leaseMs, registry, clock } = core;
  const { relayEveryMs, relayHoldMs } = rhythmOf(leaseMs);
  const parts = [
    createRelay({
      ...{ log, wakeUps, leaderLeases },
      everyMs: relayEveryMs,
      holdMs: relayHoldMs,
      onRepair: events.repaired,
      onError: (error) => events.failed('relay failed', error),
    }),
    createReleaseRelay({
      ...{ log, registry, clock },
      everyMs: RELEASES_EVERY_MS,
      onError: (error) => events.failed('a saga that was ended is not released', error),
    }),
    createStuckInSight({
      ...{ log, wakeUps, leaderLeases },
      everyMs: STUCK_CHECK_EVERY_MS,
      onError: (error) => events.failed('stuck sagas not shown on the dashboard', error),
    }),
    createPeriodic({
      everyMs: SCHEDULES_EVERY_MS,
      limitMs: SCHEDULES_EVERY_MS,
      onError: (error) => events.failed('schedules not kept', error),
      turn: () => keepSchedules(core, schedules),
    }),
  ];
  for (const part of parts) part.start();
  return async () => {
    await Promise.all(parts.map((part) => part.stop()));
    await leaderLeases
      .giveBack()
      .catch((error: unknown) => events.failed('leader leases not given back', error));
  };
}

// Schedulers live in Redis alone. One leader makes them again, so that no two move each other's next run.
async function keepSchedules(
  { leaderLeases, queues, clock, events }: EngineCore,
  schedules: readonly EngineSchedule[],
): Promise<void> {
  if (!(await leaderLeases.hold('schedules', SCHEDULES_EVERY_MS * 3))) return;
  for (const { queue: name, ...schedule } of schedules) {
    const queue = queues.get(name);
    if (queue === undefined) continue;
    if ((await ensureSchedule(queue, schedule, clock.nowMs())) === 'made') {
      events.scheduled(schedule);
    }
  }
}
