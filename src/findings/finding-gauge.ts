// How many findings wait for a person, by kind, counted at each scrape.

import { createScrapedRead } from '@reclaim/saga/metrics';
import { Gauge, type Registry } from 'prom-client';
import { FINDING_KINDS, type Findings } from './findings.ts';

/** Left out until MongoDB has answered once; while it is away it keeps what it answered last. */
export function registerFindingGauge(
  registry: Registry,
  findings: Pick<Findings, 'countOpen'>,
): void {
  const collect = createScrapedRead(
    () => findings.countOpen(),
    (counts) => {
      for (const kind of FINDING_KINDS) open.set({ kind }, counts.get(kind) ?? 0);
    },
  );
  const open = new Gauge({
    name: 'findings_open',
    help: 'Findings that are not resolved',
    labelNames: ['kind'],
    registers: [registry],
    collect,
  });
}
