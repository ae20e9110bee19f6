// One saga and the workers that run it, one after the other, each until it dies at the place given or the saga
// rests. The dead come back: beside the next one, or when all is over. Then the world is looked at, never the log.

import type { SagaRecord } from '../../log/record.ts';
import { withDeadline } from '../../run/deadline.ts';
import type { RunOutcome } from '../../run/runner.ts';
import type { CrashCase, CrashGround, CrashOrder } from './crash-scenario.ts';
import type { CrashWorker, Fate } from './crash-worker.ts';
import { driveDirectly } from './drive-directly.ts';
import type { Point } from './points.ts';

export interface CrashReport {
  /** Of each worker, what it came to. */
  readonly traces: readonly (readonly Point[])[];
  readonly state: 'done' | 'undone' | 'broken';
  /** Whether every fate was met. */
  readonly isMet: boolean;
  readonly problem: string | null;
}

/** A run under way, as far as it has come. */
export interface Scene {
  readonly ground: CrashGround;
  readonly order: CrashOrder;
  readonly world: CrashCase;
  readonly workers: CrashWorker[];
  /** What became of the dead who are back already. */
  readonly returned: Promise<RunOutcome | null>[];
  /** What is to be closed when nobody works any more. */
  readonly closers: (() => Promise<void>)[];
}

/** A machine that is busy with other tests needs seconds; what takes longer than these hangs. */
const RUN_MS = 240_000;
const RETURN_MS = 60_000;

export async function runCrash(ground: CrashGround, order: CrashOrder): Promise<CrashReport> {
  const { overQueue = driveDirectly } = ground;
  const world = await order.scenario.begin();
  const scene: Scene = { ground, order, world, workers: [], returned: [], closers: [world.close] };
  const { workers, returned, closers } = scene;
  let problem: string | null = null;
  let state: CrashReport['state'] = 'broken';
  try {
    const driven = order.wakeUps === 'queue' ? overQueue(scene) : driveDirectly(scene);
    const end = await within(RUN_MS, 'the saga to come to rest', driven);
    problem = disagreement(end, await world.look());
    returned.push(...workers.map((worker) => worker.letLoose()));
    const all = Promise.all(returned);
    await within(RETURN_MS, `the dead of ${end.id} to come to an end`, all);
    const seen = await world.look();
    problem ??= after(disagreement(end, seen));
    state = typeof seen === 'string' ? seen : 'broken';
  } catch (error) {
    problem ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
  const isMet = order.fates.every((fate, index) => isFateMet(fate, workers[index]));
  return { traces: workers.map(({ trace }) => trace), state, isMet, problem };
}

function isFateMet({ dieAt, loseAt }: Fate, worker: CrashWorker | undefined): boolean {
  if (worker === undefined) return false;
  return (
    (dieAt === undefined || worker.isDead()) &&
    (loseAt === undefined || worker.trace.includes(loseAt))
  );
}

/** The world is asked; what the saga says of itself must only not be a lie (I1, I9). */
function disagreement(
  { state }: SagaRecord,
  seen: Awaited<ReturnType<CrashCase['look']>>,
): string | null {
  const { phase, cause } = state;
  const why = cause === null ? '' : ` (${cause.step}: ${cause.code}: ${cause.message})`;
  if (phase === 'stuck') return `stuck${why}`;
  if (typeof seen !== 'string') return `${phase}${why}, but ${seen.wrong}`;
  const said = phase === 'completed' ? 'done' : 'undone';
  return said === seen ? null : `${phase}${why}, but the world is ${seen}`;
}

function after(problem: string | null): string | null {
  return problem === null ? null : `after the dead came back: ${problem}`;
}

function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return withDeadline(() => work, {
    ms,
    signal: NEVER,
    late: () => new Error(`waited ${ms} ms in vain for ${what}`),
  });
}

const { signal: NEVER } = new AbortController();
