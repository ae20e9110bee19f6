// The workers of one process: what runs sagas, what wakes them, what finishes their tombstones. Started and
// stopped as one; which of them a process runs is its entry point's choice.

import type { EngineSchedule, SagaRecord } from '@reclaim/saga';
import { DELETE_BOT } from '../../deletion/delete-bot.ts';
import { createJanitor } from '../../deletion/janitor.ts';
import { createReceiptSweep } from '../../deletion/receipt-sweep.ts';
import { RECLAIM_ORPHAN } from '../../deletion/reclaim-orphan.ts';
import { RESTART_BOT } from '../../health/restart-bot.ts';
import { checkByClock, HEALTH_TICK, type RoundReport } from '../../health/watch-pools.ts';
import { PROVISION_BOT } from '../../provisioning/provision-bot.ts';
import { SYNC_TICK, syncAfterStart } from '../../sync/sync-all-input.ts';
import { createAuditSchedule } from '../../wallet/audit/audit-schedule.ts';
import type { Services } from './services.ts';

export type WorkerRole = 'deletion' | 'sync' | 'health' | 'relay';

export interface WorkerSet {
  /** Comes to the next step boundary of every running saga, then ends. Idempotent. */
  stop(): Promise<void>;
}

/** What a role adds to the worker of its process. */
interface Part {
  readonly ticks?: readonly (readonly [name: string, tick: () => Promise<void>])[];
  readonly onEnded?: (saga: SagaRecord) => void;
  readonly stop?: () => Promise<void>;
}

const JANITOR_EVERY_MS = 1_000;

/** @param onEnded called for every saga that has ended here. */
export function startWorkers(
  services: Services,
  roles: readonly WorkerRole[],
  onEnded?: (saga: SagaRecord) => void,
): WorkerSet {
  const parts = roles.map((role) => START[role]?.(services) ?? {});
  const worker = services.engine.startWorker({
    queues: roles.filter((role) => role !== 'relay'),
    concurrency: services.config.workerConcurrency,
    isRelay: roles.includes('relay'),
    schedules: schedulesOf(services),
    ticks: new Map(parts.flatMap(({ ticks = [] }) => ticks)),
    onEnded: (saga) => {
      for (const part of parts) part.onEnded?.(saga);
      onEnded?.(saga);
    },
  });
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await Promise.all([worker.stop(), ...parts.map((part) => part.stop?.())]);
  };
  return {
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

const START: Readonly<Partial<Record<WorkerRole, (services: Services) => Part>>> = {
  deletion: startDeletion,
  sync: startSync,
  health: startHealth,
};

function schedulesOf({ config }: Services): readonly EngineSchedule[] {
  return [
    { queue: 'sync', name: SYNC_TICK, everyMs: config.syncEveryMs },
    { queue: 'health', name: HEALTH_TICK, everyMs: config.healthEveryMs },
  ];
}

function startHealth(services: Services): Part {
  const { log, health } = services;
  const stopping = new AbortController();
  const onRound = (report: RoundReport) => reportRound(services, report);
  const onError = (err: unknown) => log.warn({ err }, 'pools not checked');
  return {
    ticks: [[HEALTH_TICK, () => checkByClock(health, stopping.signal, onRound, onError)]],
    // What has completed has counted itself.
    onEnded: ({ kind, state }) => {
      if (kind === RESTART_BOT && state.phase !== 'completed') health.meter.restarted(state.phase);
    },
    stop: async () => stopping.abort(),
  };
}

function reportRound({ log }: Services, report: RoundReport): void {
  if (report.status !== 'done') {
    log.warn(report, 'pools not checked');
    return;
  }
  const { restarts, startedPools, unwritten } = report;
  const isQuiet = restarts === 0 && startedPools.length === 0 && unwritten === null;
  if (isQuiet) log.debug(report, 'pools checked');
  else log.info(report, 'pools checked');
}

function startSync({ config, log, engine, firstReport }: Services): Part {
  // The demo's orphan waits for its button.
  if (config.syncEveryMs > 0 && !config.isDemo) {
    syncAfterStart(engine.leaderLeases, firstReport.startPassive).catch((err: unknown) => {
      log.warn({ err }, 'no run after the start; the clock brings the next');
    });
  }
  return { ticks: [[SYNC_TICK, () => firstReport.startPassive('system:clock')]] };
}

function startDeletion(services: Services): Part {
  const { log, metrics } = services;
  const audits = createAuditSchedule({
    service: services.audits,
    leaderLeases: services.engine.leaderLeases,
    onError: (err) => log.warn({ err }, 'audit failed'),
  });
  const janitor = createJanitor({
    ports: services.deletionPorts,
    everyMs: JANITOR_EVERY_MS,
    onEntryReturned: ({ incarnation }) => {
      metrics.poolStateResurrections.inc();
      log.warn({ incarnation }, 'a deleted bot came back into the pool state');
    },
    onObserve: ({ incarnation }, gone, reason) => {
      log.info({ incarnation, gone, reason }, 'tombstone checked');
    },
    onError: (err) => log.warn({ err }, 'janitor failed'),
  });
  const sweep = createReceiptSweep({
    wallets: services.deletionPorts.wallets,
    leaderLeases: services.engine.leaderLeases,
    onError: (err) => log.warn({ err }, 'receipts not swept'),
  });
  janitor.start();
  sweep.start();
  audits.start();
  return {
    onEnded: ({ kind, subject }) => {
      if (MOVES_MONEY.has(kind)) audits.sagaEnded(subject);
    },
    stop: async () => {
      await Promise.all([janitor.stop(), sweep.stop()]);
      await audits.stop();
    },
  };
}

/** After these a user's wallet is audited. */
const MOVES_MONEY: ReadonlySet<string> = new Set([DELETE_BOT, RECLAIM_ORPHAN, PROVISION_BOT]);
