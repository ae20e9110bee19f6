// The engine's events as metrics of Prometheus.

import { Counter, Histogram, type Registry } from 'prom-client';
import { isAtRest } from '../machine/state.ts';
import type { Transition } from '../run/journal.ts';

export type SagaMetrics = ReturnType<typeof createSagaMetrics>;

export function createSagaMetrics(registry: Registry) {
  const registers = [registry];
  const steps = new Counter({
    name: 'saga_steps_total',
    help: 'Outcomes of step attempts, by what the runner recorded',
    labelNames: ['saga', 'step', 'outcome'],
    registers,
  });
  const ends = new Counter({
    name: 'sagas_ended_total',
    help: 'Sagas at rest, by the phase they rest in (stuck included)',
    labelNames: ['saga', 'phase'],
    registers,
  });
  const durations = new Histogram({
    name: 'saga_duration_seconds',
    help: 'From acceptance to rest, by database time',
    labelNames: ['saga', 'phase'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const stepDurations = new Histogram({
    name: 'saga_step_duration_seconds',
    help: 'From the first attempt at a step to its end, waits included, by database time',
    labelNames: ['saga', 'step'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const fences = new Counter({
    name: 'fence_rejections_total',
    help: 'Writes and effects refused because another worker had claimed the saga',
    registers,
  });
  const repairs = new Counter({
    name: 'relay_repairs_total',
    help: 'Sagas whose wake-up was lost or stuck and made anew from the log',
    registers,
  });
  const stalls = new Counter({
    name: 'queue_stalled_jobs_total',
    help: 'Jobs whose worker died or hung; BullMQ gave them to another',
    registers,
  });
  const foreign = new Counter({
    name: 'queue_foreign_jobs_total',
    help: 'Jobs of sagas that this database does not hold: another installation uses the same Redis keys',
    registers,
  });
  const unrenewed = new Counter({
    name: 'lease_renewals_missed_total',
    help: 'Renewals of all leases of a worker that failed, or had no answer when the next was due',
    registers,
  });
  return {
    transition: ({ after, event }: Transition): void => {
      const saga = after.kind;
      if ('step' in event) {
        const worked = after.state.steps[event.step];
        const step = worked?.name ?? 'unknown';
        steps.inc({ saga, step, outcome: event.type });
        if (worked !== undefined && event.type === 'succeeded') {
          const { startedAtMs, finishedAtMs } = worked;
          const tookMs = (finishedAtMs ?? 0) - (startedAtMs ?? 0);
          if (startedAtMs !== null && tookMs >= 0) {
            stepDurations.observe({ saga, step }, tookMs / 1_000);
          }
        }
      }
      const { phase } = after.state;
      if (!isAtRest(phase)) return;
      ends.inc({ saga, phase });
      const finishedAt = after.finishedAt ?? after.history.at(-1)?.at ?? after.createdAt;
      const seconds = (Date.parse(finishedAt) - Date.parse(after.createdAt)) / 1_000;
      durations.observe({ saga, phase }, Math.max(0, seconds));
    },
    fenced: () => fences.inc(),
    relayRepair: () => repairs.inc(),
    stalled: () => stalls.inc(),
    foreignJob: () => foreign.inc(),
    leasesNotRenewed: () => unrenewed.inc(),
  };
}
