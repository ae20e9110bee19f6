// What one process of an installation does for all of them: makes lost wake-ups anew, keeps stuck sagas on the dashboard
// and the repeated jobs in Redis. Leases in MongoDB choose the process; two at once do no harm.

import { createElected } from '../queue/elected.ts';
import { wakeOverdue } from '../queue/relay.ts';
import { RELEASE_HOLD_MS, releaseOwed } from '../queue/release-relay.ts';
import { ensureSchedule, type Schedule } from '../queue/schedules.ts';
import { wakeStuck } from '../queue/show-stuck.ts';
import { rhythmOf } from '../run/lease-rhythm.ts';
import { createPeriodic } from '../run/periodic.ts';
import type { EngineCore } from './engine.ts';

export interface EngineSchedule extends Schedule {
  readonly queue: string;
}

/** Longer than MongoDB needs to be found silent. What a turn leaves undone is there still in the next. */
const RELAY_LIMIT_MS = 10_000;
/** What an ended saga still holds is nobody's for no longer than this and the first pass. */
const RELEASES_EVERY_MS = 10_000;
/** A flush of Redis takes stuck sagas off the dashboard for no longer. */
const STUCK_CHECK_EVERY_MS = 10_000;
/** Of all pages together; a dashboard may lag behind. */
const STUCK_CHECK_LIMIT_MS = 30_000;
/** Redis may have been flushed: a repeated job is back within this time. */
const SCHEDULES_EVERY_MS = 10_000;
/** A worker that misses this many turns is not alive. */
const MISSED_TURNS = 3;

/** @returns how to stop it. */
export function startRelay(
  core: EngineCore,
  schedules: readonly EngineSchedule[],
): () => Promise<void> {
  const { log, wakeUps, leaderLeases, events, leaseMs, registry, clock } = core;
  const { relayEveryMs, relayHoldMs: holdMs } = rhythmOf(leaseMs);
  const failing = (what: string) => (error: unknown) => events.failed(what, error);
  const relay = { log, wakeUps, onRepair: events.repaired, onError: failing('relay failed') };
  const releases = {
    log,
    registry,
    clock,
    onError: failing('a saga that was ended is not released'),
  };
  const parts = [
    createElected({
      ...{ name: 'relay', leaderLeases, everyMs: relayEveryMs, holdMs, limitMs: RELAY_LIMIT_MS },
      turn: (signal) => wakeOverdue(relay, holdMs, signal),
      onError: relay.onError,
    }),
    createPeriodic({
      ...{ everyMs: RELEASES_EVERY_MS, limitMs: RELEASE_HOLD_MS },
      turn: (signal) => releaseOwed(releases, signal),
      onError: releases.onError,
    }),
    createElected({
      ...{ name: 'stuck-in-sight', leaderLeases, everyMs: STUCK_CHECK_EVERY_MS },
      ...{ holdMs: STUCK_CHECK_EVERY_MS * MISSED_TURNS, limitMs: STUCK_CHECK_LIMIT_MS },
      turn: (signal) => wakeStuck(log, wakeUps, signal),
      onError: failing('stuck sagas not shown on the dashboard'),
    }),
    // Schedulers live in Redis alone. One leader makes them again, so that no two move each other's next run.
    createElected({
      ...{ name: 'schedules', leaderLeases, everyMs: SCHEDULES_EVERY_MS },
      ...{ holdMs: SCHEDULES_EVERY_MS * MISSED_TURNS, limitMs: SCHEDULES_EVERY_MS },
      turn: () => keepSchedules(core, schedules),
      onError: failing('schedules not kept'),
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

async function keepSchedules(
  { queues, clock, events }: EngineCore,
  schedules: readonly EngineSchedule[],
): Promise<void> {
  for (const { queue: name, ...schedule } of schedules) {
    const queue = queues.get(name);
    if (queue === undefined) continue;
    if ((await ensureSchedule(queue, schedule, clock.nowMs())) === 'made') {
      events.scheduled(schedule);
    }
  }
}
