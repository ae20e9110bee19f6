// The workers of one process: what runs sagas, what wakes them, what finishes their tombstones. Started and
// stopped as one; which of them a process runs is its entry point's choice.

import { createPeriodic, createVersionWatch, rhythmOf } from '@reclaim/saga';
import { createRelay, createStuckInSight, ensureSchedule } from '@reclaim/saga/queue';
import { type QueueName, queueFor } from './adapters/queue/queue-names.ts';
import { createJanitor } from './deletion/janitor.ts';
import { createReceiptSweep } from './deletion/receipt-sweep.ts';
import { HEALTH_TICK, lookByClock } from './health/health-schedule.ts';
import { RESTART_BOT } from './health/restart-bot-input.ts';
import type { RoundReport } from './health/watch-pools.ts';
import { startQueueWorker } from './queue-worker.ts';
import { createAuditSchedule } from './reconciliation/audit/audit-schedule.ts';
import { SYNC_TICK, syncAfterStart } from './reconciliation/sync-schedule.ts';
import type { Services } from './services.ts';

export type WorkerRole = 'deletion' | 'sync' | 'health' | 'relay';

export interface WorkerSet {
  /** Comes to the next step boundary of every running saga, then ends. Idempotent. */
  stop(): Promise<void>;
}

type Stop = () => Promise<void>;

/** A flush of Redis takes stuck sagas off the dashboard for no longer. */
const STUCK_IN_SIGHT_EVERY_MS = 10_000;
const JANITOR_EVERY_MS = 1_000;
const VERSION_WATCH_EVERY_MS = 10_000;
/** Redis may have been flushed: the hourly run is back within this time. */
const SCHEDULES_EVERY_MS = 10_000;

export function startWorkers(services: Services, roles: readonly WorkerRole[]): WorkerSet {
  const queues = roles.filter((role) => role !== 'relay');
  const stops = roles.map((role) => START[role](services));
  if (queues.length > 0) stops.push(startVersionWatch(services, queues));
  let stopping: Promise<void> | undefined;
  return {
    stop: () => {
      stopping ??= Promise.all(stops.map((stop) => stop())).then(() => undefined);
      return stopping;
    },
  };
}

const START: Readonly<Record<WorkerRole, (services: Services) => Stop>> = {
  relay: startRelay,
  deletion: startDeletion,
  sync: startSync,
  health: startHealth,
};

function startRelay(services: Services): Stop {
  const { sagaLog, wakeUps, elections, metrics, redisWatch, log } = services;
  const { relayEveryMs, relayHoldMs } = rhythmOf(services.config.leaseMs);
  const relay = createRelay({
    log: sagaLog,
    wakeUps,
    elections,
    everyMs: relayEveryMs,
    holdMs: relayHoldMs,
    onRepair: (repair) => {
      metrics.saga.relayRepair();
      log.warn(repair, 'saga woken by the relay');
    },
    onError: (err) => {
      if (!redisWatch.failed(err)) log.error({ err }, 'relay failed');
    },
  });
  const schedules = createPeriodic({
    everyMs: SCHEDULES_EVERY_MS,
    limitMs: SCHEDULES_EVERY_MS,
    onError: (err) => {
      if (!redisWatch.failed(err)) log.warn({ err }, 'schedules not looked after');
    },
    turn: () => keepSchedules(services),
  });
  const stuckInSight = createStuckInSight({
    log: sagaLog,
    wakeUps,
    elections,
    everyMs: STUCK_IN_SIGHT_EVERY_MS,
    onError: (err) => {
      if (!redisWatch.failed(err)) log.warn({ err }, 'stuck sagas not shown on the dashboard');
    },
  });
  relay.start();
  stuckInSight.start();
  schedules.start();
  return async () => {
    await Promise.all([relay.stop(), stuckInSight.stop(), schedules.stop()]);
    await elections.resign().catch((err: unknown) => log.warn({ err }, 'post not resigned'));
  };
}

// Schedulers live in Redis alone. One leader makes them again, so that no two move each other's next run.
async function keepSchedules({ elections, queues, config, log, clock }: Services): Promise<void> {
  if (!(await elections.hold('schedules', SCHEDULES_EVERY_MS * 3))) return;
  for (const [name, schedule] of [
    ['sync', { name: SYNC_TICK, everyMs: config.syncEveryMs }],
    ['health', { name: HEALTH_TICK, everyMs: config.healthEveryMs }],
  ] as const) {
    const queue = queues.get(name);
    if (queue === undefined) continue;
    if ((await ensureSchedule(queue, schedule, clock.nowMs())) === 'made') {
      log.info(schedule, 'schedule made');
    }
  }
}

function startHealth(services: Services): Stop {
  const { log, health } = services;
  const stopping = new AbortController();
  const tell = (report: RoundReport) => tellRound(services, report);
  const onError = (err: unknown) => log.warn({ err }, 'pools not looked after');
  const stopWorker = startQueueWorker(services, {
    queue: 'health',
    ticks: new Map([[HEALTH_TICK, () => lookByClock(health, stopping.signal, tell, onError)]]),
    // What has completed has counted itself.
    onEnded: ({ kind, state }) => {
      if (kind === RESTART_BOT && state.phase !== 'completed') health.meter.restarted(state.phase);
    },
  });
  return async () => {
    stopping.abort();
    await stopWorker();
  };
}

function tellRound({ log }: Services, report: RoundReport): void {
  if (report.status !== 'done') {
    log.warn(report, 'pools not looked after');
    return;
  }
  const { restarts, startedPools, unwritten } = report;
  const isQuiet = restarts === 0 && startedPools.length === 0 && unwritten === null;
  if (isQuiet) log.debug(report, 'pools looked after');
  else log.info(report, 'pools looked after');
}

function startSync(services: Services): Stop {
  const { config, log, elections, firstReport } = services;
  const stop = startQueueWorker(services, {
    queue: 'sync',
    ticks: new Map([[SYNC_TICK, () => firstReport.startPassive('system:clock')]]),
  });
  // The demo's orphan waits for its button.
  if (config.syncEveryMs > 0 && !config.isDemo) {
    syncAfterStart(elections, firstReport.startPassive).catch((err: unknown) => {
      log.warn({ err }, 'no run after the start; the clock brings the next');
    });
  }
  return stop;
}

function startDeletion(services: Services): Stop {
  const { log, metrics } = services;
  const audits = createAuditSchedule({
    desk: services.audits,
    elections: services.elections,
    onError: (err) => log.warn({ err }, 'audit failed'),
  });
  const stopWorker = startQueueWorker(services, {
    queue: 'deletion',
    onEnded: ({ subject }) => audits.sagaEnded(subject),
  });
  const janitor = createJanitor({
    ports: services.deletionPorts,
    everyMs: JANITOR_EVERY_MS,
    onEntryReturned: ({ incarnation }) => {
      metrics.saga.poolStateResurrection();
      log.warn({ incarnation }, 'a deleted bot came back into the pool state');
    },
    onLook: ({ incarnation }, gone, reason) => {
      log.info({ incarnation, gone, reason }, 'tombstone looked at');
    },
    onError: (err) => log.warn({ err }, 'janitor failed'),
  });
  const sweep = createReceiptSweep({
    wallets: services.deletionPorts.wallets,
    elections: services.elections,
    onError: (err) => log.warn({ err }, 'receipts not swept'),
  });
  janitor.start();
  sweep.start();
  audits.start();
  return async () => {
    await Promise.all([stopWorker(), janitor.stop(), sweep.stop()]);
    await audits.stop();
  };
}

function startVersionWatch(services: Services, queues: readonly QueueName[]): Stop {
  const { sagaLog, workforce, elections, registry, log } = services;
  const versionWatch = createVersionWatch({
    log: sagaLog,
    workforce,
    elections,
    // What this process takes from its queues: it does not stand in for workers of others.
    runnable: registry.runnable.filter((pinned) => queues.includes(queueOf(pinned))),
    everyMs: VERSION_WATCH_EVERY_MS,
    onError: (err) => log.warn({ err }, 'versions not watched'),
  });
  versionWatch.start();
  return () => versionWatch.stop();
}

function queueOf(pinned: string): QueueName {
  return queueFor(pinned.slice(0, pinned.lastIndexOf('@')));
}
