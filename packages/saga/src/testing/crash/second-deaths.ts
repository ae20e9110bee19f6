// Which second deaths are worth a run. The recovery from a first fault is known, point by point, from the run with
// that fault alone. A second death is run once for every point that any recovery of the scenario reaches. Where
// many first faults lead there, they take turns, so that all of them are used about equally.
// Exhaustive: at every point of every recovery.

import type { Fate } from './crash-worker.ts';
import { isPlaceToDie, type Point } from './points.ts';

export interface Recovery {
  readonly first: Fate;
  /** What was visited after the first fault, in order. */
  readonly points: readonly Point[];
}

export function secondDeaths(
  recoveries: readonly Recovery[],
  isExhaustive: boolean,
): readonly (readonly Fate[])[] {
  const deaths = recoveries.flatMap(deathsIn);
  if (isExhaustive) return deaths.map(fatesOf);
  const uses = new Map<Fate, number>();
  const used = ({ first }: Death) => uses.get(first) ?? 0;
  return [...Map.groupBy(deaths, ({ dieAt }) => dieAt).values()].map((same) => {
    const least = same.reduce((a, b) => (used(b) < used(a) ? b : a));
    uses.set(least.first, used(least) + 1);
    return fatesOf(least);
  });
}

interface Death {
  readonly first: Fate;
  readonly dieAt: Point;
}

function deathsIn({ first, points }: Recovery): readonly Death[] {
  return points.filter(isPlaceToDie).map((dieAt) => ({ first, dieAt }));
}

/** After a death it is the next worker that dies; after a lost answer the same one. */
function fatesOf({ first, dieAt }: Death): readonly Fate[] {
  return first.loseAt === undefined ? [first, { dieAt }] : [{ ...first, dieAt }];
}
