// What Prometheus gets of the reconciliation: what the runs counted, and, at each scrape, how many
// orphans are known now, what they are worth and how long the oldest has been one.

import { createScrapedRead } from '@reclaim/saga/metrics';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Suspects } from './mongodb/suspects.ts';

export type SyncMeter = ReturnType<typeof createSyncMetrics>;

export function createSyncMetrics(registry: Registry) {
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const runs = counter('sync_runs_total', 'Sync runs that ended', ['kind', 'trigger', 'outcome']);
  const found = counter(
    'sync_orphans_found_total',
    'Orphans that a second observation confirmed',
    [],
  );
  const repaired = counter('sync_orphans_repaired_total', 'Orphans that were paid back', []);
  const skips = counter('sync_skipped_total', 'Suspects left alone, by the veto', ['reason']);
  const guards = counter('sync_guard_stops_total', 'Runs that a guard stopped', ['guard']);
  const unknowns = counter('sync_unknown_sources_total', 'Looks a source did not answer', [
    'source',
  ]);
  return {
    runEnded: ({
      kind,
      trigger,
      outcome,
    }: {
      readonly kind: 'sync-wallet' | 'sync-all';
      readonly trigger: string;
      readonly outcome: string;
    }): void => runs.inc({ kind, trigger: word(trigger), outcome: word(outcome) }),
    /** Allocations that a run found orphaned. */
    found: (count: number): void => found.inc(count),
    /** Of these, paid back. */
    repaired: (count: number): void => repaired.inc(count),
    /** @param reason a kebab-case word out of a small set, never an id or a message. */
    skipped: (reason: string): void => skips.inc({ reason: word(reason) }),
    guardStopped: (guard: string): void => guards.inc({ guard: word(guard) }),
    unknownSource: (source: 'pool-state' | 'docker'): void => unknowns.inc({ source }),
  };
}

const WORD = /^[a-z][a-z0-9-]{0,39}$/;

/** A label of its own for every message or id would grow without end; those share one. */
function word(text: string): string {
  return WORD.test(text) ? text : 'other';
}

/** The gauges of what is orphaned now. Left out until MongoDB has answered once; while it is away they keep
 * what it answered last. */
export function registerOrphanGauges(
  registry: Registry,
  suspects: Pick<Suspects, 'summary'>,
): void {
  const gauge = (name: string, help: string, collect: () => Promise<void>) =>
    new Gauge({ name, help, registers: [registry], collect });
  const read = createScrapedRead(
    () => suspects.summary(null),
    (summary) => {
      allocations.set(summary.count);
      // For display: cents become dollars only here.
      value.set(summary.valueMinor / 100);
      oldest.set(summary.oldestSeconds);
    },
  );
  const allocations = gauge('orphan_allocations', 'Allocations whose bot is found nowhere', read);
  const value = gauge('orphan_value_dollars', 'What they are worth', read);
  const oldest = gauge('orphan_oldest_seconds', 'How long the oldest has been known', read);
  for (const empty of [allocations, value, oldest]) empty.remove();
}
