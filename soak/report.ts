// What a run came to, for a person.

import type { Recovery } from './faults/recovery.ts';
import type { RunReport } from './run.ts';
import { LEASE_SECONDS } from './system.ts';

const SHOWN_VIOLATIONS = 30;

export function toText(report: RunReport): string {
  const { seed, sagas, faults, stuck, violations, claimsAgain, polls } = report;
  return [
    `soak, seed ${seed}, ${report.seconds} s`,
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
  const [moved, rested] = [worstOf(recoveries, 'movedMs'), worstOf(recoveries, 'ms')];
  const recovery =
    moved === undefined || rested === undefined
      ? 'no recovery measured'
      : `worst recovery ${seconds(moved.movedMs)} to move, ${seconds(rested.ms)} to rest`;
  return (
    `soak: ${sum(sagas)} sagas, ${sum(faults)} faults, ${violations.length} violations, ` +
    `${recovery}, seed ${seed}`
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
    const [moved, rested] = [worstOf(all, 'movedMs'), worstOf(all, 'ms')];
    if (moved === undefined || rested === undefined) return [];
    const left = rested.left === 0 ? '' : `, ${rested.left} left when the watch was given up`;
    const open = `${rested.sagas} open${left}`;
    return [
      `  ${seconds(moved.movedMs)}, ${seconds(rested.ms)} (${open}): ${all.length} x ${outage}`,
    ];
  });
  const goal = `goal ${2 * LEASE_SECONDS} s, and the work itself`;
  return [`worst recoveries, until all had moved, and were at rest (${goal}):`, ...lines];
}

function worstOf(recoveries: readonly Recovery[], by: 'ms' | 'movedMs'): Recovery | undefined {
  return [...recoveries].sort((left, right) => right[by] - left[by])[0];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
