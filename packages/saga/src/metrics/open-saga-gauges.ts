// What is open at each scrape: how many sagas, the oldest of them, effects in doubt, and what is stuck with how much
// money. These are the alerts' figures: they come from the log, not from what this process happens to remember.

import { Gauge, type Registry } from 'prom-client';
import type { SagaRecord } from '../log/record.ts';
import type { OpenSagas } from '../log/saga-log.ts';
import { createScrapedRead } from './scraped-read.ts';

export interface OpenSagaReads {
  readonly openSummary: () => Promise<readonly OpenSagas[]>;
  /** The stuck ones, newest first; the money of more than this many is not added up. */
  readonly stuck: (limit: number) => Promise<readonly SagaRecord[]>;
  readonly atRiskMinor: (saga: SagaRecord) => number | null;
}

const MAX_STUCK = 500;

export function registerOpenSagaGauges(registry: Registry, reads: OpenSagaReads): void {
  const registers = [registry];
  const collect = createScrapedRead(
    async () => ({ open: await reads.openSummary(), stuck: await reads.stuck(MAX_STUCK) }),
    ({ open, stuck }) => {
      for (const gauge of gauges) gauge.reset();
      for (const { kind, phase, ...figures } of open) {
        const labels = { saga: kind, phase };
        sagas.set(labels, figures.count);
        inDoubt.inc({ saga: kind }, figures.inDoubt);
        oldest.set(labels, figures.oldestSeconds);
        waiting.set(labels, figures.waitingSeconds);
      }
      // Cents are whole numbers; they become dollars only here.
      for (const saga of stuck)
        atRisk.inc({ saga: saga.kind }, (reads.atRiskMinor(saga) ?? 0) / 100);
    },
  );
  const sagas = new Gauge({
    name: 'sagas_open',
    help: 'Sagas that have not ended, by phase (stuck included)',
    labelNames: ['saga', 'phase'],
    registers,
    collect,
  });
  const oldest = new Gauge({
    name: 'saga_oldest_open_seconds',
    help: 'Age of the oldest open saga of a phase',
    labelNames: ['saga', 'phase'],
    registers,
    collect,
  });
  const waiting = new Gauge({
    name: 'saga_oldest_runnable_seconds',
    help: 'How long the saga that has waited longest could have been run by a worker',
    labelNames: ['saga', 'phase'],
    registers,
    collect,
  });
  const inDoubt = new Gauge({
    name: 'sagas_in_doubt',
    help: 'Open sagas with an effect whose outcome is not known',
    labelNames: ['saga'],
    registers,
    collect,
  });
  const atRisk = new Gauge({
    name: 'stuck_money_at_risk_dollars',
    help: 'Money locked up in stuck sagas',
    labelNames: ['saga'],
    registers,
    collect,
  });
  const gauges = [sagas, oldest, waiting, inDoubt, atRisk];
}
