import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createScrapedRead } from '../../packages/saga/src/metrics/scraped-read.ts';
import { registerFindingGauge } from '../../src/findings/finding-gauge.ts';
import type { SuspectSummary } from '../../src/sync/mongodb/suspects.ts';
import { createSyncMetrics, registerOrphanGauges } from '../../src/sync/sync-metrics.ts';

async function valuesOf(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('the counters of a sync', () => {
  it('each event is counted once, under its own labels', async () => {
    const registry = new Registry();
    const metrics = createSyncMetrics(registry);
    metrics.runEnded({ kind: 'sync-all', trigger: 'hourly', outcome: 'in-sync' });
    metrics.runEnded({ kind: 'sync-wallet', trigger: 'button', outcome: 'repaired' });
    metrics.runEnded({ kind: 'sync-wallet', trigger: 'button', outcome: 'repaired' });
    metrics.found(3);
    metrics.found(0);
    metrics.repaired(2);
    metrics.skipped('open-saga');
    metrics.guardStopped('too-many-refunds');
    metrics.unknownSource('docker');
    expect((await valuesOf(registry)).toSorted()).toEqual([
      'sync_guard_stops_total{guard="too-many-refunds"} 1',
      'sync_orphans_found_total 3',
      'sync_orphans_repaired_total 2',
      'sync_runs_total{kind="sync-all",trigger="hourly",outcome="in-sync"} 1',
      'sync_runs_total{kind="sync-wallet",trigger="button",outcome="repaired"} 2',
      'sync_skipped_total{reason="open-saga"} 1',
      'sync_unknown_sources_total{source="docker"} 1',
    ]);
  });

  it('a reason that is no word, whatever it says: one label for all of them', async () => {
    const registry = new Registry();
    const metrics = createSyncMetrics(registry);
    for (const reason of ['no route to 10.0.0.7', 'alice-bot-1.x', '', 'x'.repeat(41)]) {
      metrics.skipped(reason);
    }
    expect(await valuesOf(registry)).toContain('sync_skipped_total{reason="other"} 4');
  });
});

describe('the gauges that are asked at the scrape', () => {
  const SUMMARY: SuspectSummary = { count: 2, valueMinor: 110_530, oldestSeconds: 61 };

  it('three gauges, one question a scrape', async () => {
    const registry = new Registry();
    let asked = 0;
    registerOrphanGauges(registry, {
      summary: async (userId) => {
        expect(userId).toBeNull();
        asked += 1;
        return SUMMARY;
      },
    });
    const values = [
      'orphan_allocations 2',
      'orphan_value_dollars 1105.3',
      'orphan_oldest_seconds 61',
    ];
    expect(await valuesOf(registry)).toEqual(values);
    expect(await valuesOf(registry)).toEqual(values);
    expect(asked).toBe(2);
  });

  it('MongoDB is away: left out at first, then the last values; the scrape never fails', async () => {
    const registry = new Registry();
    let isAway = true;
    registerOrphanGauges(registry, {
      summary: async () => {
        if (isAway) throw new Error('away');
        return SUMMARY;
      },
    });
    expect(await valuesOf(registry)).toEqual([]);
    isAway = false;
    expect(await valuesOf(registry)).toContain('orphan_allocations 2');
    isAway = true;
    expect(await valuesOf(registry)).toContain('orphan_allocations 2');
  });

  it('MongoDB hangs: the scrape goes on, asks no second time, and shows the answer when it has come', async () => {
    const answer = Promise.withResolvers<number>();
    const shown: number[] = [];
    let asked = 0;
    const collect = createScrapedRead(
      () => {
        asked += 1;
        return answer.promise;
      },
      (value) => shown.push(value),
      20,
    );
    await Promise.all([collect(), collect()]);
    await collect();
    expect([asked, shown]).toEqual([1, []]);
    answer.resolve(7);
    await collect();
    expect([asked, shown]).toEqual([1, [7]]);
  });

  it('findings: every kind, zero where none is open', async () => {
    const registry = new Registry();
    let counts = new Map([['resurrected' as const, 2]]);
    registerFindingGauge(registry, { countOpen: async () => counts });
    expect(await valuesOf(registry)).toContain('findings_open{kind="resurrected"} 2');
    expect(await valuesOf(registry)).toContain('findings_open{kind="id-conflict"} 0');
    counts = new Map();
    expect(await valuesOf(registry)).toContain('findings_open{kind="resurrected"} 0');
  });
});
