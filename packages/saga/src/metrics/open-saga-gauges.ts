// What is open at each scrape: how many sagas, the oldest of them, effects in doubt. These are the alerts' figures: they
// come from the log, not from what this process happens to remember.

import { Gauge, type Registry } from 'prom-client';
import type { OpenSagas } from '../log/mongodb/open-summary.ts';
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
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers, collect });
  const sagas = gauge('sagas_open', 'Sagas that have not ended, by phase (stuck included)', [
    'saga',
    'phase',
  ]);
  const oldest = gauge('saga_oldest_open_seconds', 'Age of the oldest open saga of a phase', [
    'saga',
    'phase',
  ]);
  const waiting = gauge(
    'saga_oldest_runnable_seconds',
    'How long the saga that has waited longest could have been run by a worker',
    ['saga', 'phase'],
  );
  const inDoubt = gauge('sagas_in_doubt', 'Open sagas with an effect whose outcome is not known', [
    'saga',
  ]);
  const gauges = [sagas, oldest, waiting, inDoubt];
}
