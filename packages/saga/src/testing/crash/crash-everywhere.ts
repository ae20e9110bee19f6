// Runs a definition with every fault there is, in each of its troubles: a death at each point, an answer lost wherever
// there is one, then a second death in the recovery (second-deaths.ts), and a death at each point once more over a real
// queue where the environment has one. Works for any definition; what it knows of one is its shape.

import type { SagaDefinition } from '../../definition.ts';
import { InDoubtError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import { type CrashOrder, type RunReport, runCrash } from './crash-run.ts';
import type { CrashTest, Trouble } from './crash-test.ts';
import type { Fate } from './crash-worker.ts';
import { hasAnswer, isCall, isPlaceToDie, type Point, pointsOf } from './points.ts';
import { type Recovery, secondDeaths } from './second-deaths.ts';
import { troublesOf } from './troubles.ts';
import type { CrashViolation } from './violation.ts';

export interface CrashReport {
  /** The places at which something went wrong. */
  readonly points: readonly Point[];
  /** Runs that met every fault that was meant for them. */
  readonly runs: number;
  /** Those of them whose wake-ups went over the queue. */
  readonly queued: number;
  readonly violations: readonly CrashViolation[];
  /** Points of the definition at which no worker died: its worlds and troubles do not show all that it can meet. */
  readonly missed: readonly Point[];
}

/** @throws CrashViolation the first one, unless the test sets `stopsAtFirst: false`. */
export async function crashEverywhere<Input extends Json, World>(
  definition: SagaDefinition<Input>,
  test: CrashTest<Input, World>,
): Promise<CrashReport> {
  const { troubles = troublesOf(definition), pairs = 'each-point' } = test;
  const { environment, stopsAtFirst = true, width = 1 } = test;
  const violations: CrashViolation[] = [];
  const met: CrashOrder[] = [];
  const next = createTurns(width);
  const run = (order: CrashOrder) =>
    next(async () => {
      if (stopsAtFirst && violations.length > 0) return SKIPPED;
      const report = await runCrash(definition, test, order);
      if (report.violation !== null) violations.push(report.violation);
      if (report.isMet) met.push(order);
      return report;
    });
  const mustDieAt = pointsOf(definition);
  const begun = await Promise.all(
    troubles.map(async (trouble) => {
      const calm = await run({ trouble, fates: [{}], back: 'at-the-end', wakeUps: 'direct' });
      const isExhaustive = pairs === 'every-pair';
      const points = calm.traces.flat();
      const faults = faultsIn(isExhaustive ? points : ownPoints(trouble, points));
      return { trouble, run, faults, isExhaustive };
    }),
  );
  const queued = environment?.overQueue === undefined ? [] : ordersOverQueue(begun, mustDieAt);
  await Promise.all([...begun.map(crash), ...queued.map(run)]);
  const [first] = violations;
  if (stopsAtFirst && first !== undefined) throw first;
  return { ...countsOf(met), violations, missed: missedBy(met, mustDieAt) };
}

const SKIPPED: RunReport = { traces: [], isMet: false, violation: null };

interface Begun {
  readonly trouble: Trouble;
  readonly run: (order: CrashOrder) => Promise<RunReport>;
  readonly faults: readonly Fate[];
  readonly isExhaustive: boolean;
}

async function crash({ trouble, run, faults, isExhaustive }: Begun): Promise<void> {
  const deaths = faults.filter(({ dieAt }) => dieAt !== undefined);
  await Promise.all(
    deaths.map((fate, index) => {
      const back = index % 2 === 0 ? 'beside-the-next' : 'at-the-end';
      return run({ trouble, fates: [fate], back, wakeUps: 'accepted-here' });
    }),
  );
  const isTwice = isExhaustive || trouble.faults === 'two';
  const recoveries = await Promise.all(
    faults.map(async (first, index): Promise<Recovery> => {
      // Where no second death follows, the dead take turns in when they come back.
      const back = isTwice || index % 2 === 0 ? 'at-the-end' : 'beside-the-next';
      const { traces, isMet } = await run({ trouble, fates: [first], back, wakeUps: 'direct' });
      return { first, points: isMet ? recoveryIn(first, traces) : [] };
    }),
  );
  if (!isTwice) return;
  const seconds = secondDeaths(recoveries, isExhaustive);
  await Promise.all(
    [...seconds, ...alone(faults, seconds)].map((fates) =>
      run({ trouble, fates, back: 'beside-the-next', wakeUps: 'direct' }),
    ),
  );
}

/** A death at each point of the definition, in the first trouble that comes there; exhaustive: in each trouble,
 * calls of services included. */
function ordersOverQueue(
  begun: readonly Begun[],
  mustDieAt: readonly Point[],
): readonly CrashOrder[] {
  const isChosen = new Set<Point>();
  return begun.flatMap(({ trouble, faults, isExhaustive }) =>
    faults.flatMap((fate): readonly CrashOrder[] => {
      const { dieAt } = fate;
      if (dieAt === undefined) return [];
      if (!isExhaustive && (isChosen.has(dieAt) || !mustDieAt.includes(dieAt))) return [];
      isChosen.add(dieAt);
      return [{ trouble, fates: [fate], back: 'at-the-end', wakeUps: 'queue' }];
    }),
  );
}

function countsOf(met: readonly CrashOrder[]): Pick<CrashReport, 'points' | 'runs' | 'queued'> {
  const points = met.flatMap(({ fates }) => fates.flatMap(({ dieAt, loseAt }) => [dieAt, loseAt]));
  return {
    points: [...new Set(points.filter((point) => point !== undefined))],
    runs: met.length,
    queued: met.filter(({ wakeUps }) => wakeUps === 'queue').length,
  };
}

function missedBy(met: readonly CrashOrder[], mustDieAt: readonly Point[]): readonly Point[] {
  const diedAt = new Set(met.flatMap(({ fates }) => fates.map(({ dieAt }) => dieAt)));
  return mustDieAt.filter((point) => !diedAt.has(point));
}

/** First deaths that no second one follows: they too come back while the next worker is at it. */
function alone(
  faults: readonly Fate[],
  seconds: readonly (readonly Fate[])[],
): readonly (readonly Fate[])[] {
  const followed = new Set(seconds.map(([first]) => first));
  return faults
    .filter((fate) => fate.dieAt !== undefined && !followed.has(fate))
    .map((fate) => [fate]);
}

/**
 * Of a trouble with one fault, those from what goes wrong on. A fault before that is the same as without the trouble, and
 * what another worker has done is undone where the pivot fails, with everything that there is to undo.
 */
function ownPoints({ faults, interferes }: Trouble, points: readonly Point[]): readonly Point[] {
  if (faults === 'two' || interferes === undefined || interferes.isLater === true) return points;
  return points.slice(Math.max(0, points.indexOf(interferes.at)));
}

/** The caller learns that the outcome is unknown, or gets an error that reveals nothing about it. */
function faultsIn(points: readonly Point[]): readonly Fate[] {
  const deaths = points.filter(isPlaceToDie).map((dieAt) => ({ dieAt }));
  const answers = points.filter(hasAnswer);
  const doubts = answers.map((loseAt) => {
    const lost = () => new InDoubtError('REPLY_LOST', `the answer was lost at ${loseAt}`);
    return { loseAt, lost };
  });
  const failures = answers
    .filter((point) => !isCall(point))
    .map((loseAt) => ({ loseAt, lost: () => new Error(`the socket hung up at ${loseAt}`) }));
  return [...deaths, ...doubts, ...failures];
}

/**
 * After a death, the points that the next worker reached; after a lost answer, those that the same one reached from
 * there.
 */
function recoveryIn({ loseAt }: Fate, traces: readonly (readonly Point[])[]): readonly Point[] {
  const [first = [], second = []] = traces;
  return loseAt === undefined ? second : first.slice(first.indexOf(loseAt) + 1);
}

/** So many at once, the others in the order they came. */
function createTurns(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = width;
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const first = waiting.shift();
      if (first === undefined) free += 1;
      else first();
    }
  };
}
