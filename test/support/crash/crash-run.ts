// One saga and the workers that run it, one after the other, each until it dies at the place given or the saga
// rests. The dead come back: beside the next one, or when all is over. Then the world is looked at, never the log.

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { RunOutcome } from '../../../packages/saga/src/run/runner.ts';
import { withDeadline } from '../with-deadline.ts';
import type { CrashCase, CrashGround, CrashOrder } from './crash-scenario.ts';
import type { CrashWorker, Fate } from './crash-worker.ts';
import { driveDirectly } from './drive-directly.ts';
import { driveOverQueue } from './drive-over-queue.ts';
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
  const world = await order.scenario.begin();
  const scene: Scene = { ground, order, world, workers: [], returned: [], closers: [world.close] };
  const { workers, returned, closers } = scene;
  let problem: string | null = null;
  let state: CrashReport['state'] = 'broken';
  try {
    const driven = order.wakeUps === 'queue' ? driveOverQueue(scene) : driveDirectly(scene);
    const end = await withDeadline(driven, RUN_MS, 'the saga to come to rest');
    problem = disagreement(end, await world.look());
    returned.push(...workers.map((worker) => worker.letLoose()));
    const all = Promise.all(returned);
    await withDeadline(all, RETURN_MS, `the dead of ${end.id} to come to an end`);
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
