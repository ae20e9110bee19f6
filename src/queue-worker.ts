// What runs the sagas of one queue in this process: runner, leases and the BullMQ worker, with what they tell the
// log and the metrics.

import {
  createCohorts,
  createLeaseKeeper,
  createRunner,
  isAtRest,
  type SagaRecord,
  type Transition,
} from '@reclaim/saga';
import { startSagaWorker } from '@reclaim/saga/queue';
import type { QueueName } from './adapters/queue/queue-names.ts';
import type { Services } from './services.ts';

/** A drain longer than this is cut in mid-step, and another worker observes what came of it. */
const DRAIN_MS = 5_000;
/** Measured at 50 in flight: a third more sagas a second than without, at two thirds of the CPU; longer waits
 * or larger cohorts give less. */
const COHORTS = { busyFrom: 8, size: 25, lingerMs: 60 };
/** Told once: the metric counts. */
const FOREIGN =
  'a job of another installation: it works on a copy of this database, with the same Redis keys; give it a RECLAIM_KEY_PREFIX of its own';
/** A shorter backoff keeps the worker's slot; a longer one gives it back. */
const WAIT_IN_PLACE_MS = 1_000;

export interface QueueWorkerOptions {
  readonly queue: QueueName;
  /** What the queue's repeated jobs do, by their names. */
  readonly ticks?: ReadonlyMap<string, () => Promise<void>>;
  /** Told of every saga that has ended here. */
  readonly onEnded?: (saga: SagaRecord) => void;
}

/** @returns how to stop it: at the next step boundary of every running saga. */
export function startQueueWorker(
  services: Services,
  { queue, ticks = new Map(), onEnded }: QueueWorkerOptions,
): () => Promise<void> {
  const { config, log, metrics, sagaLog, registry, clock, telemetry } = services;
  const { leaseMs } = config;
  const leases = createLeaseKeeper({
    log: sagaLog,
    leaseMs,
    onError: (err) => {
      metrics.saga.leasesNotRenewed();
      log.warn({ err }, 'leases not renewed');
    },
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
    tracer: telemetry?.tracer,
    onTransition: (transition) => {
      tell(services, transition);
      if (!transition.after.open) onEnded?.(transition.after);
    },
    onFenced: (claim) => {
      metrics.saga.fenced();
      log.warn({ sagaId: claim.sagaId, epoch: claim.epoch }, 'another worker took over');
    },
  });
  let isForeignTold = false;
  const worker = startSagaWorker({
    queue,
    ticks,
    connection: services.workerRedis(),
    prefix: services.keyPrefix,
    runner,
    clock,
    concurrency: config.workerConcurrency,
    leaseMs,
    onError: (err) => {
      if (!services.redisWatch.failed(err)) log.warn({ err, queue }, 'queue worker error');
    },
    onStalled: (jobId) => {
      metrics.saga.stalled();
      log.warn({ jobId }, 'job stalled: its worker is gone');
    },
    onForeign: (jobId) => {
      metrics.saga.foreignJob();
      if (isForeignTold) return;
      isForeignTold = true;
      log.error({ jobId, queue, keyPrefix: services.keyPrefix }, FOREIGN);
    },
  });
  leases.start();
  return async () => {
    await worker.close(DRAIN_MS);
    await leases.stop();
  };
}

function tell(services: Services, transition: Transition): void {
  const { metrics, log } = services;
  metrics.saga.transition(transition);
  const { after, event } = transition;
  log.debug({ sagaId: after.id, event: event.type, phase: after.state.phase }, 'transition');
  if (after.state.phase === 'stuck') {
    log.error({ sagaId: after.id, cause: after.state.cause }, 'saga is stuck');
  }
  wakeParent(services, after);
}

// A nudge that is lost costs its parent a second: it looks again by itself.
function wakeParent({ sagas, log }: Services, { parent, state }: SagaRecord): void {
  if (parent === null || !isAtRest(state.phase)) return;
  sagas.nudge(parent).catch((err: unknown) => log.debug({ err, sagaId: parent }, 'not nudged'));
}
