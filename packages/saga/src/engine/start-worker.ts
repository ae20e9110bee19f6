// What runs sagas in one process: for each queue a runner, its leases and a BullMQ worker; beside them the registration
// of what this process can run and, by default, the relay.

import { createMongoWorkerRegistry } from '../log/mongodb/mongo-worker-registry.ts';
import type { SagaRecord } from '../log/record.ts';
import { createVersionWatch } from '../log/version-watch.ts';
import { wakeParent } from '../operate/wake.ts';
import { createPauseWatch } from '../queue/pause-watch.ts';
import { startSagaWorker } from '../queue/saga-worker.ts';
import { createCohorts } from '../run/cohorts.ts';
import { createLeaseKeeper } from '../run/lease-keeper.ts';
import { createLocalRuns } from '../run/local-runs.ts';
import { createRunner } from '../run/runner.ts';
import { createShares, type ParkedSaga } from '../run/shares.ts';
import { createSlots } from '../run/slots.ts';
import { WAIT_IN_PLACE_MS } from '../run/waits-in-place.ts';
import type { EngineCore, EngineWorker } from './engine.ts';
import { reporting } from './engine-events.ts';
import { type EngineSchedule, startRelay } from './start-relay.ts';

export interface WorkerOptions {
  /** The queues to take sagas from. Default: those of all definitions. None: this process only relays. */
  readonly queues?: readonly string[];
  /** Sagas at once, of each queue. */
  readonly concurrency?: number;
  /** Whether this process makes lost wake-ups anew. One live process of an installation must; more do no harm. */
  readonly isRelay?: boolean;
  /** Repeated jobs, kept in Redis by the relay. */
  readonly schedules?: readonly EngineSchedule[];
  /** What the repeated jobs do, by their names. No name may be a saga's. */
  readonly ticks?: ReadonlyMap<string, () => Promise<void>>;
  /** Called for every saga that has ended here. */
  readonly onEnded?: (saga: SagaRecord) => void;
}

const CONCURRENCY = 10;
/** A drain longer than this is cut in mid-step, and another worker observes its outcome. */
const DRAIN_MS = 5_000;
/** Measured at 50 in flight: a third more sagas a second than without, at two thirds of the CPU; longer waits
 * or larger cohorts give less. */
const COHORTS = { busyFrom: 8, size: 25, lingerMs: 60 };
const VERSION_WATCH_EVERY_MS = 10_000;

export function startWorker(core: EngineCore, options: WorkerOptions = {}): EngineWorker {
  const { queues = core.registry.queues, isRelay = true, schedules = [] } = options;
  const stops = queues.map((queue) => startQueueWorker(core, queue, options));
  if (queues.length > 0) stops.push(startVersionWatch(core, queues));
  if (isRelay) stops.push(startRelay(core, schedules));
  let stopping: Promise<void> | undefined;
  return {
    stop: () => {
      stopping ??= Promise.all(stops.map((stop) => stop())).then(() => undefined);
      return stopping;
    },
  };
}

function startQueueWorker(
  core: EngineCore,
  queue: string,
  { concurrency = CONCURRENCY, ticks = new Map(), onEnded = () => undefined }: WorkerOptions,
): () => Promise<void> {
  const { log, registry, clock, leaseMs, events, tracer } = core;
  const leases = createLeaseKeeper({ log, leaseMs, onError: events.leasesNotRenewed });
  const runner = createRunner({
    ...{ log, registry, clock, leases, leaseMs, tracer },
    cohorts: createCohorts(COHORTS),
    slots: createSlots(concurrency),
    shares: createShares(concurrency),
    onSlotFree: (parked) => wake(core, parked),
    random: Math.random,
    waitInPlaceMs: WAIT_IN_PLACE_MS,
    onTransition: (transition) => {
      events.transition(transition);
      wakeParent(core.sagas, transition, (error) => events.failed('parent not woken', error));
    },
    onEnded: reporting('an end', onEnded, events.failed),
    onFenced: events.fenced,
  });
  const onError = (error: unknown) => events.failed(`worker of the queue ${queue}`, error);
  const pauseWatch = createPauseWatch({ isPaused: async () => core.queues.get(queue)?.isPaused() });
  const localRuns = createLocalRuns({
    ...{ runner, onError },
    isOpen: pauseWatch.isRunning,
    wake: ({ id, kind }) => core.wakeUps.requeue(id, kind),
  });
  const worker = startSagaWorker({
    ...{ queue, ticks, runner: localRuns, clock, concurrency, leaseMs, onError },
    connection: core.workerRedis(),
    prefix: core.prefix,
    onStalled: events.stalled,
    onForeign: (jobId) => events.foreignJob(jobId, queue),
  });
  leases.start();
  pauseWatch.start();
  core.localRuns.set(queue, localRuns);
  return async () => {
    if (core.localRuns.get(queue) === localRuns) core.localRuns.delete(queue);
    await Promise.all([worker.close(DRAIN_MS), localRuns.close(DRAIN_MS), pauseWatch.stop()]);
    await leases.stop();
  };
}

// A wake-up that is lost costs a parked saga the time that it was parked for.
function wake({ wakeUps, events }: EngineCore, parked: readonly ParkedSaga[]): void {
  for (const { id, kind } of parked) {
    wakeUps
      .requeue(id, kind)
      .catch((error: unknown) => events.failed('parked saga not woken', error));
  }
}

function startVersionWatch(core: EngineCore, queues: readonly string[]): () => Promise<void> {
  const { log, leaderLeases, registry, events } = core;
  const versionWatch = createVersionWatch({
    log,
    leaderLeases,
    workerRegistry: createMongoWorkerRegistry(core.db),
    // What this process takes from its queues: it does not stand in for workers of others.
    runnable: registry.runnableOn(queues),
    everyMs: VERSION_WATCH_EVERY_MS,
    onError: (error) => events.failed('versions not watched', error),
  });
  versionWatch.start();
  return () => versionWatch.stop();
}
