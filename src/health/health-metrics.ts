// The health of pools and bots as metrics of Prometheus: what this process counted, and, at each scrape, how many
// bots are in which state, whichever worker checked them.

import { createScrapedRead } from '@reclaim/saga/metrics';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { BotHealths } from './bot-healths.ts';
import type { HealthRounds } from './mongodb/health-rounds.ts';

export type HealthMeter = ReturnType<typeof createHealthMetrics>;

export function createHealthMetrics(registry: Registry) {
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const rounds = counter('health_rounds_total', 'Rounds of checks, by how they ended', ['outcome']);
  const observations = counter('health_checks_total', 'Checks of bots, by what was observed', [
    'outcome',
  ]);
  const restarts = counter('health_restarts_total', 'Restarts, by their outcome', ['outcome']);
  const marks = counter('health_statuses_written_total', 'Statuses corrected', ['status']);
  return {
    /** `outcome`: a health state's name, or `unknown`. */
    confirmed: (outcome: string, count: number): void => observations.inc({ outcome }, count),
    /** The outcome of an order to restart. */
    restarted: (outcome: string): void => restarts.inc({ outcome }),
    roundEnded: (outcome: 'done' | 'unknown' | 'failed' | 'skipped'): void =>
      rounds.inc({ outcome }),
    statusWritten: (status: string): void => marks.inc({ status }),
  };
}

export interface HealthReads {
  readonly healths: Pick<BotHealths, 'summary'>;
  readonly rounds: Pick<HealthRounds, 'lastCompleteSecondsAgo'>;
  /** Where no worker checks, nothing grows old. */
  readonly isOn: boolean;
}

/** Left out until MongoDB has answered once; while it is away they keep what it answered last. */
export function registerHealthGauges(
  registry: Registry,
  { healths, rounds, isOn }: HealthReads,
): void {
  const collect = createScrapedRead(
    async () => ({
      summary: await healths.summary(),
      ageSeconds: isOn ? await rounds.lastCompleteSecondsAgo() : null,
    }),
    ({ summary, ageSeconds }) => {
      for (const [state, count] of summary.bots) bots.set({ state }, count);
      for (const [status, count] of summary.pools) pools.set({ status }, count);
      empty.set(summary.emptyPools);
      if (ageSeconds !== null) age.set(ageSeconds);
    },
  );
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry], collect });
  const bots = gauge('health_bots', 'Bots of the pool state, by how they were observed last', [
    'state',
  ]);
  const pools = gauge('health_pools', 'Pools, by their containers', ['status']);
  const empty = gauge('health_pools_empty', 'Pools without a bot: the platform owns them');
  const age = gauge('health_last_round_age_seconds', 'Since all bots were checked last');
  for (const unset of [empty, age]) unset.remove();
}
