// What is open at each scrape: how many sagas, the oldest of them, effects in doubt. These are the alerts' figures: they
// come from the log, not from what this process happens to remember.

import { Gauge, type Registry } from 'prom-client';
import type { OpenSagas } from '../log/saga-log.ts';
import { createScrapedRead } from './scraped-read.ts';

export interface OpenSagaReads {
  readonly openSummary: () => Promise<readonly OpenSagas[]>;
}

export function registerOpenSagaGauges(registry: Registry, reads: OpenSagaReads): void {
  const registers = [registry];
  const collect = createScrapedRead(reads.openSummary, (open) => {
    for (const gauge of gauges) gauge.reset();
    for (const { kind, phase, ...figures } of open) {
      const labels = { saga: kind, phase };
      sagas.set(labels, figures.count);
      inDoubt.inc({ saga: kind }, figures.inDoubt);
      oldest.set(labels, figures.oldestSeconds);
      waiting.set(labels, figures.waitingSeconds);
    }
  });
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
  const gauges = [sagas, oldest, waiting, inDoubt];
}
