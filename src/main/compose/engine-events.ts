// What the engine of sagas reports, as log lines and figures.

import type { EngineEvents } from '@reclaim/saga';
import type { SagaMetrics } from '@reclaim/saga/metrics';
import type { RedisWatch } from '@reclaim/saga/queue';
import type { Logger } from 'pino';

/** Logged once: the metric counts. */
const FOREIGN =
  'a job of another installation: it works on a copy of this database, with the same Redis keys; give it a RECLAIM_KEY_PREFIX of its own';

export function engineEvents({
  log,
  metrics,
  redisWatch,
}: {
  readonly log: Logger;
  readonly metrics: SagaMetrics;
  /** Knows an outage of Redis, which is one line and not one for each call. */
  readonly redisWatch: RedisWatch;
}): EngineEvents {
  let isForeignLogged = false;
  return {
    transition: (transition) => {
      metrics.transition(transition);
      const { after, event } = transition;
      log.debug({ sagaId: after.id, event: event.type, phase: after.state.phase }, 'transition');
      if (after.state.phase === 'stuck') {
        log.error({ sagaId: after.id, cause: after.state.cause }, 'saga is stuck');
      }
    },
    fenced: ({ sagaId, epoch }) => {
      metrics.fenced();
      log.warn({ sagaId, epoch }, 'another worker took over');
    },
    repaired: (repair) => {
      metrics.relayRepair();
      log.warn(repair, 'saga woken by the relay');
    },
    stalled: (jobId) => {
      metrics.stalled();
      log.warn({ jobId }, 'job stalled: its worker is gone');
    },
    foreignJob: (jobId, queue) => {
      metrics.foreignJob();
      if (isForeignLogged) return;
      isForeignLogged = true;
      log.error({ jobId, queue }, FOREIGN);
    },
    leasesNotRenewed: (err) => {
      metrics.leasesNotRenewed();
      log.warn({ err }, 'leases not renewed');
    },
    scheduled: (schedule) => log.info(schedule, 'schedule made'),
    failed: (what, err) => {
      if (!redisWatch.failed(err)) log.warn({ err }, what);
    },
  };
}
