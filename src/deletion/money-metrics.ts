// What stuck sagas hold of the users' money, and entries of the pool state that came back: the product's own figures
// beside those of the engine.

import type { SagaRecord } from '@reclaim/saga';
import { createScrapedRead } from '@reclaim/saga/metrics';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface StuckMoneyReads {
  /** The stuck ones, newest first; the money of more than this many is not added up. */
  readonly stuck: (limit: number) => Promise<readonly SagaRecord[]>;
  /** In cents. */
  readonly atRisk: (saga: SagaRecord) => number | null;
}

const MAX_STUCK = 500;

export function registerStuckMoney(registry: Registry, reads: StuckMoneyReads): void {
  const gauge = new Gauge({
    name: 'stuck_money_at_risk_dollars',
    help: 'Money locked up in stuck sagas',
    labelNames: ['saga'],
    registers: [registry],
    collect: createScrapedRead(
      () => reads.stuck(MAX_STUCK),
      (stuck) => {
        gauge.reset();
        // Cents are whole numbers; they become dollars only here.
        for (const saga of stuck) gauge.inc({ saga: saga.kind }, (reads.atRisk(saga) ?? 0) / 100);
      },
    ),
  });
}

export function createResurrectionCounter(registry: Registry): Counter {
  return new Counter({
    name: 'pool_state_resurrections_total',
    help: 'Pool entries of deleted bots that another writer put back and that were taken out again',
    registers: [registry],
  });
}
