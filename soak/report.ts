// What a run came to, for a person.

import type { Recovery } from './faults/recovery.ts';
import type { RunReport } from './run.ts';
import { LEASE_SECONDS } from './system.ts';

const SHOWN_VIOLATIONS = 30;

export function toText(report: RunReport): string {
  const { seed, seconds, sagas, faults, stuck, violations, claimsAgain, polls } = report;
  return [
    `soak, seed ${seed}, ${seconds} s`,
    ...section('sagas', sagas),
    ...section('faults', faults),
    ...section('stood still, and were sent on', stuck),
    `claims again ${claimsAgain}, polls ${polls}`,
    ...recoveryLines(report.recoveries),
    ...section('violations', report.counts),
    ...violations
      .slice(0, SHOWN_VIOLATIONS)
      .map(({ invariant, detail }) => `  ${invariant}: ${detail}`),
    summaryLine(report),
  ].join('\n');
}

function summaryLine({ seed, sagas, faults, violations, recoveries }: RunReport): string {
  const worst = worstOf(recoveries);
  const recovery = worst === undefined ? 'none measured' : `${(worst.ms / 1_000).toFixed(1)} s`;
  return (
    `soak: ${sum(sagas)} sagas, ${sum(faults)} faults, ${violations.length} violations, ` +
    `worst recovery ${recovery}, seed ${seed}`
  );
}

function section(title: string, counts: Readonly<Record<string, number>>): string[] {
  const lines = Object.entries(counts).map(
    ([name, count]) => `  ${count.toString().padStart(6)}  ${name}`,
  );
  return [`${title}: ${sum(counts)}`, ...lines];
}

function recoveryLines(recoveries: readonly Recovery[]): string[] {
  const byOutage = Object.entries(Object.groupBy(recoveries, ({ outage }) => outage));
  const lines = byOutage.flatMap(([outage, all = []]) => {
    const worst = worstOf(all);
    if (worst === undefined) return [];
    const left = worst.left === 0 ? '' : `, ${worst.left} left when the watch was given up`;
    const line = `${worst.ms} ms after "${outage}" (${worst.sagas} sagas open${left})`;
    return [`  ${line}, median ${medianMs(all)} ms of ${all.length}`];
  });
  const goal = `goal ${2 * LEASE_SECONDS} s and the work itself`;
  return [`worst recoveries (${goal}):`, ...lines];
}

function worstOf(recoveries: readonly Recovery[]): Recovery | undefined {
  return [...recoveries].sort((left, right) => right.ms - left.ms)[0];
}

function medianMs(recoveries: readonly Recovery[]): number {
  const ascending = recoveries.map(({ ms }) => ms).sort((a, b) => a - b);
  return ascending[Math.floor(ascending.length / 2)] ?? 0;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
