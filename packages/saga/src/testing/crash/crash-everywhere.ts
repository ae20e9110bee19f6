// Runs a definition's scenarios with every fault there is: a death at each point, an answer lost wherever there is
// one, then a second death in the recovery (second-deaths.ts), and a death at each point once more over the real
// queue. Works for any definition; what it knows of one is its shape and what its scenarios say of their worlds.

import type { SagaDefinition } from '../../definition.ts';
import { InDoubtError } from '../../errors.ts';
import { type CrashReport, runCrash } from './crash-run.ts';
import type { CrashGround, CrashOrder, CrashScenario } from './crash-scenario.ts';
import type { Fate } from './crash-worker.ts';
import { hasAnswer, isCall, isPlaceToDie, type Point, pointsOf } from './points.ts';
import { type Recovery, secondDeaths } from './second-deaths.ts';

export interface CrashOptions {
  readonly ground: CrashGround;
  readonly scenarios: readonly CrashScenario[];
  /** Every pair of faults in every scenario; otherwise a sample of the pairs, always the same one. */
  readonly isExhaustive: boolean;
  /** Sagas under way at once. */
  readonly width?: number;
}

export interface CrashSummary {
  /** Different places at which something went wrong. */
  readonly points: number;
  /** Runs that met every fault that was meant for them. */
  readonly runs: number;
  /** Those of them whose wake-ups went over the queue. */
  readonly queued: number;
  /** What went wrong, each with what it takes to see it again. */
  readonly problems: readonly string[];
  /** Points of the definition that nobody died at: the scenarios do not show what it can meet. */
  readonly missed: readonly Point[];
}

const WIDTH = 60;

export async function crashEverywhere(
  definition: SagaDefinition,
  { ground, scenarios, isExhaustive, width = WIDTH }: CrashOptions,
): Promise<CrashSummary> {
  const problems: string[] = [];
  const met: CrashOrder[] = [];
  const next = createTurns(width);
  const run = (order: CrashOrder) =>
    next(async () => {
      const report = await runCrash(ground, order);
      if (report.problem !== null) problems.push(`${titleOf(order)}: ${report.problem}`);
      if (report.isMet) met.push(order);
      return report;
    });
  const mustDieAt = pointsOf(definition);
  const begun = await Promise.all(
    scenarios.map(async (scenario) => {
      const calm = await run({ scenario, fates: [{}], back: 'at-the-end', wakeUps: 'direct' });
      if (calm.state !== scenario.ends) problems.push(`${scenario.title}: it ends ${calm.state}`);
      return { scenario, run, faults: faultsIn(calm.traces.flat()), isExhaustive };
    }),
  );
  const queued = ground.overQueue ? ordersOverQueue(begun, mustDieAt) : [];
  await Promise.all([...begun.map(crash), ...queued.map(run)]);
  return { ...countsOf(met), problems, missed: missedBy(met, mustDieAt) };
}

interface Begun {
  readonly scenario: CrashScenario;
  readonly run: (order: CrashOrder) => Promise<CrashReport>;
  readonly faults: readonly Fate[];
  readonly isExhaustive: boolean;
}

async function crash({ scenario, run, faults, isExhaustive }: Begun): Promise<void> {
  const isTwice = isExhaustive || scenario.faults === 'two';
  const recoveries = await Promise.all(
    faults.map(async (first, index): Promise<Recovery> => {
      // Where no second death follows, the dead take turns in when they come back.
      const back = isTwice || index % 2 === 0 ? 'at-the-end' : 'beside-the-next';
      const { traces, isMet } = await run({ scenario, fates: [first], back, wakeUps: 'direct' });
      return { first, points: isMet ? recoveryIn(first, traces) : [] };
    }),
  );
  if (!isTwice) return;
  const seconds = secondDeaths(recoveries, isExhaustive);
  await Promise.all(
    [...seconds, ...alone(faults, seconds)].map((fates) =>
      run({ scenario, fates, back: 'beside-the-next', wakeUps: 'direct' }),
    ),
  );
}

/** A death at each point of the definition, in the first scenario that comes there; exhaustive: in each scenario,
 * calls of ports included. */
function ordersOverQueue(
  begun: readonly Begun[],
  mustDieAt: readonly Point[],
): readonly CrashOrder[] {
  const isChosen = new Set<Point>();
  return begun.flatMap(({ scenario, faults, isExhaustive }) =>
    faults.flatMap((fate): readonly CrashOrder[] => {
      const { dieAt } = fate;
      if (dieAt === undefined) return [];
      if (!isExhaustive && (isChosen.has(dieAt) || !mustDieAt.includes(dieAt))) return [];
      isChosen.add(dieAt);
      return [{ scenario, fates: [fate], back: 'at-the-end', wakeUps: 'queue' }];
    }),
  );
}

function countsOf(met: readonly CrashOrder[]): Pick<CrashSummary, 'points' | 'runs' | 'queued'> {
  const points = met.flatMap(({ fates }) => fates.flatMap(({ dieAt, loseAt }) => [dieAt, loseAt]));
  return {
    points: new Set(points.filter((point) => point !== undefined)).size,
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

/** The caller is told that nobody knows, or gets an error that tells nothing. */
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

/** After a death, what the next worker came to; after a lost answer, what the same one came to from there. */
function recoveryIn({ loseAt }: Fate, traces: readonly (readonly Point[])[]): readonly Point[] {
  const [first = [], second = []] = traces;
  return loseAt === undefined ? second : first.slice(first.indexOf(loseAt) + 1);
}

function titleOf({ scenario, fates, back, wakeUps }: CrashOrder): string {
  const told = fates.map(({ dieAt, loseAt, lost }) =>
    [
      ...(loseAt === undefined ? [] : [`${lost?.().name} at [${loseAt}]`]),
      ...(dieAt === undefined ? [] : [`died at [${dieAt}]`]),
    ].join(' and '),
  );
  const way = wakeUps === 'queue' ? ', over the queue' : '';
  return `${scenario.title}: ${told.join(', then ')}, back ${back}${way}`;
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
