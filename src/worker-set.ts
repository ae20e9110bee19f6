// The workers of one process: what runs sagas, what wakes them, what finishes their tombstones. Started and
// stopped as one; which of them a process runs is its entry point's choice.

import { startSagaWorker } from './adapters/queue/saga-worker.ts';
import { createJanitor } from './deletion/janitor.ts';
import { createReceiptSweep } from './deletion/receipt-sweep.ts';
import { createAuditSchedule } from './reconciliation/audit/audit-schedule.ts';
import { createCohorts } from './saga/cohorts.ts';
import { createLeaseKeeper } from './saga/lease-keeper.ts';
import { createRelay } from './saga/relay.ts';
import { createRunner } from './saga/runner.ts';
import { createVersionWatch } from './saga/version-watch.ts';
import type { Services } from './services.ts';

export type WorkerRole = 'deletion' | 'relay';

export interface WorkerSet {
  /** Comes to the next step boundary of every running saga, then ends. Idempotent. */
  stop(): Promise<void>;
}

/** A drain longer than this is cut in mid-step, and another worker observes what came of it. */
const DRAIN_MS = 5_000;
const RELAY_EVERY_MS = 1_000;
const RELAY_HOLD_MS = 5_000;
const JANITOR_EVERY_MS = 1_000;
const VERSION_WATCH_EVERY_MS = 10_000;
/** Measured at 50 in flight: a third more sagas a second than without, at two thirds of the CPU; longer waits
 * or larger cohorts give less. */
const COHORTS = { busyFrom: 8, size: 25, lingerMs: 60 };
/** A shorter backoff keeps the worker's slot; a longer one gives it back. */
const WAIT_IN_PLACE_MS = 1_000;

export function startWorkers(services: Services, roles: readonly WorkerRole[]): WorkerSet {
  const stops = roles.map((role) =>
    role === 'relay' ? startRelay(services) : startDeletion(services),
  );
  let stopping: Promise<void> | undefined;
  return {
    stop: () => {
      stopping ??= Promise.all(stops.map((stop) => stop())).then(() => undefined);
      return stopping;
    },
  };
}

function startRelay({ sagaLog, wakeUps, elections, metrics, log }: Services): () => Promise<void> {
  const relay = createRelay({
    log: sagaLog,
    wakeUps,
    elections,
    everyMs: RELAY_EVERY_MS,
    holdMs: RELAY_HOLD_MS,
    onRepair: (repair) => {
      metrics.saga.relayRepair();
      log.warn(repair, 'saga woken by the relay');
    },
    onError: (err) => log.error({ err }, 'relay failed'),
  });
  relay.start();
  return async () => {
    await relay.stop();
    await elections.resign().catch((err: unknown) => log.warn({ err }, 'post not resigned'));
  };
}

function startDeletion(services: Services): () => Promise<void> {
  const { config, log, metrics, sagaLog, registry, clock } = services;
  const { leaseMs } = config;
  const leases = createLeaseKeeper({
    log: sagaLog,
    leaseMs,
    onError: (err) => log.warn({ err }, 'leases not renewed'),
  });
  const audits = createAuditSchedule({
    desk: services.audits,
    elections: services.elections,
    onError: (err) => log.warn({ err }, 'audit failed'),
  });
  const runner = createRunner({
    log: sagaLog,
    registry,
    clock,
    leases,
    cohorts: createCohorts(COHORTS),
    leaseMs,
    random: Math.random,
    waitInPlaceMs: WAIT_IN_PLACE_MS,
    onTransition: (transition) => {
      metrics.saga.transition(transition);
      const { after, event } = transition;
      log.debug({ sagaId: after.id, event: event.type, phase: after.state.phase }, 'transition');
      if (!after.open) audits.sagaEnded(after.subject);
      if (after.state.phase === 'stuck') {
        log.error({ sagaId: after.id, cause: after.state.cause }, 'saga is stuck');
      }
    },
    onFenced: (claim) => {
      metrics.saga.fenced();
      log.warn({ sagaId: claim.sagaId, epoch: claim.epoch }, 'another worker took over');
    },
  });
  const worker = startSagaWorker({
    queue: 'deletion',
    connection: services.workerRedis(),
    prefix: services.keyPrefix,
    runner,
    concurrency: config.workerConcurrency,
    leaseMs,
    onError: (err) => log.warn({ err }, 'queue worker error'),
    onStalled: (jobId) => {
      metrics.saga.stalled();
      log.warn({ jobId }, 'job stalled: its worker is gone');
    },
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
  const versionWatch = createVersionWatch({
    log: sagaLog,
    workforce: services.workforce,
    elections: services.elections,
    runnable: registry.runnable,
    everyMs: VERSION_WATCH_EVERY_MS,
    onError: (err) => log.warn({ err }, 'versions not watched'),
  });
  versionWatch.start();
  leases.start();
  janitor.start();
  sweep.start();
  audits.start();
  return async () => {
    await Promise.all([worker.close(DRAIN_MS), janitor.stop(), sweep.stop(), versionWatch.stop()]);
    await audits.stop();
    await leases.stop();
  };
}
