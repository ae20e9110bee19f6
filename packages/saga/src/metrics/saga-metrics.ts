// The engine's events as metrics of Prometheus.

import { Counter, Histogram, type Registry } from 'prom-client';
import { isAtRest } from '../machine/state.ts';
import type { Transition } from '../run/journal.ts';

export type SagaMetrics = ReturnType<typeof createSagaMetrics>;

export function createSagaMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const steps = counter(
    'saga_steps_total',
    'Outcomes of step attempts, by what the runner recorded',
    ['saga', 'step', 'outcome'],
  );
  const ends = counter(
    'sagas_ended_total',
    'Sagas at rest, by the phase they rest in (stuck included)',
    ['saga', 'phase'],
  );
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
  const fences = counter(
    'fence_rejections_total',
    'Writes and effects refused because another worker had claimed the saga',
  );
  const repairs = counter(
    'relay_repairs_total',
    'Sagas whose wake-up was lost or stuck and made anew from the log',
  );
  const stalls = counter(
    'queue_stalled_jobs_total',
    'Jobs whose worker died or hung; BullMQ gave them to another',
  );
  const foreign = counter(
    'queue_foreign_jobs_total',
    'Jobs of sagas that this database does not hold: another installation uses the same Redis keys',
  );
  const unrenewed = counter(
    'lease_renewals_missed_total',
    'Renewals of all leases of a worker that failed, or had no answer when the next was due',
  );
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
