// `--commands`: what one piece of work costs in commands, bytes, journal syncs, CPU and context switches, at 1, 10, 50 and
// 200 in flight. Where the clock of a shared machine says little, these say what a change has cut.

import type { OpenContestant } from './contestants.ts';
import { type Counters, costOf, openCounters } from './counters.ts';
import { drive } from './drive.ts';
import type { Environment } from './environment.ts';

export interface CommandOptions {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** In flight, and how many pieces of work are counted so. */
const LEVELS = [
  { inFlight: 1, pieces: 100 },
  { inFlight: 10, pieces: 300 },
  { inFlight: 50, pieces: 1_000 },
  { inFlight: 200, pieces: 1_000 },
] as const;
const WARM_UPS = 200;
const WARM_IN_FLIGHT = 50;

/** By level, what one piece of work costs. */
export type CommandCounts = ReadonlyMap<number, Counters>;

export async function countCommands(
  environment: Environment,
  open: OpenContestant,
  { signal, say }: CommandOptions,
): Promise<CommandCounts> {
  const counts = new Map<number, Counters>();
  for (const { inFlight, pieces } of LEVELS) {
    say(`${inFlight} in flight`);
    const cost = await environment.measure(async (place) => {
      const { MONGODB_URI = '', REDIS_URL = '' } = place.env;
      const size = WARM_UPS + pieces;
      const contestant = await open(place, size);
      const counters = await openCounters(MONGODB_URI, REDIS_URL);
      try {
        const indexes = Array.from({ length: size }, (_, index) => index);
        await drive(indexes.slice(0, WARM_UPS), WARM_IN_FLIGHT, contestant.work, signal);
        const before = await counters.read();
        await drive(indexes.slice(WARM_UPS), inFlight, contestant.work, signal);
        const after = await counters.read();
        await contestant.verify();
        return costOf(before, after, pieces);
      } finally {
        await counters.close();
        await contestant.close();
      }
    });
    counts.set(inFlight, cost);
  }
  return counts;
}

/** Less than this for a piece of work is background. */
const WORTH_A_LINE = 0.02;

/** A line for each thing that was counted, a column for each level. */
export function toCommandTable(counts: CommandCounts): string {
  const levels = [...counts.values()];
  const names = [...new Set(levels.flatMap((level) => [...level.keys()]))];
  const worth = names.filter((name) =>
    levels.some((level) => (level.get(name) ?? 0) >= WORTH_A_LINE),
  );
  const head = line('a piece of work, in flight:', [...counts.keys()].map(String));
  return [
    head,
    ...worth.map((name) =>
      line(
        name,
        levels.map((level) => shown(level.get(name) ?? 0)),
      ),
    ),
  ].join('\n');
}

function line(name: string, cells: readonly string[]): string {
  return `${name.padEnd(48)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}

function shown(cost: number): string {
  return cost >= 100 ? cost.toFixed(0) : cost.toFixed(2);
}
