// A worker that dies at a given point. Dead means: it does nothing any more, cleans nothing up and gives
// nothing back; what had left it before still arrives. It is not gone, though: `letLoose` brings it back in the
// very place where it stood, with everything that it had read by then, as a process does that was only paused (I5).

import { AsyncLocalStorage } from 'node:async_hooks';
import type { SagaDefinition } from '../../definition.ts';
import type { Json } from '../../json.ts';
import type { SagaLog } from '../../log/saga-log.ts';
import { createRegistry, type RegisteredSaga } from '../../registry.ts';
import type { Clock } from '../../run/clock.ts';
import type { Leases } from '../../run/lease-keeper.ts';
import type { Place } from '../../run/local-runs.ts';
import type { RunControl, RunOutcome } from '../../run/runner.ts';
import type { SagaId } from '../../saga-id.ts';
import { createBareRunner } from '../bare-engine.ts';
import type { Point } from './points.ts';
import { ALIVE, type CrashPlan, logWithPoints, withCrashPoints } from './with-crash-points.ts';

export type CrashWorker = ReturnType<typeof createCrashWorker>;

export type WorkerEnd = { readonly status: 'dead' } | RunOutcome;

export interface Fate {
  /** Where it dies. */
  readonly dieAt?: Point;
  /** Where an answer is lost, and what the caller gets instead. */
  readonly loseAt?: Point;
  readonly lost?: () => Error;
}

export interface CrashWorkerOptions {
  readonly fate: Fate;
  /** Called at each point: the trouble of this run. What it throws is the outcome of the operation. */
  readonly interfere: (point: Point, id: SagaId) => Promise<void>;
  readonly log: SagaLog;
  readonly clock: Clock;
  /** How long the claim of a worker that is away lives, by the clock of this run. */
  readonly leaseMs: number;
  readonly leases: Leases;
  define(plan: CrashPlan): SagaDefinition;
}

export function createCrashWorker(options: CrashWorkerOptions) {
  const { log, clock, leaseMs, leases, interfere } = options;
  const { dieAt, loseAt, lost } = options.fate;
  const trace: Point[] = [];
  const visits = new Map<Point, number>();
  /** Those under way: each until it has arrived, or needs a fence of this worker, dead meanwhile. */
  const calls = new Set<Promise<void>>();
  const inCall = new AsyncLocalStorage<() => void>();
  const death = Promise.withResolvers<void>();
  const revival = Promise.withResolvers<void>();
  let isDead = false;
  let hasDied = false;
  let current: Promise<RunOutcome> | null = null;
  let sagaId: SagaId | null = null;

  async function die(isCall: boolean): Promise<void> {
    hasDied = true;
    death.resolve();
    // What was called beside this call has left in the same moment.
    if (isCall) await new Promise((resolve) => setImmediate(resolve));
    isDead = true;
    await revival.promise;
  }

  async function reach(point: Point, isCall = false): Promise<void> {
    if (isDead) {
      inCall.getStore()?.();
      await revival.promise;
    }
    if (point === ALIVE) return;
    const visit = (visits.get(point) ?? 0) + 1;
    visits.set(point, visit);
    const place = visit === 1 ? point : `${point} (${visit})`;
    trace.push(place);
    if (place === dieAt && !hasDied) await die(isCall);
    if (sagaId !== null) await interfere(point, sagaId);
    if (place === loseAt && lost !== undefined) throw lost();
  }

  const plan: CrashPlan = {
    reach: (point) => reach(point),
    reachCall: (point) => reach(point, true),
    underWay: (start) => {
      const { promise: still, resolve: standStill } = Promise.withResolvers<void>();
      calls.add(still);
      void still.then(() => calls.delete(still));
      const call = inCall.run(standStill, start);
      call.then(
        () => standStill(),
        () => standStill(),
      );
      return call;
    },
  };
  const registry = createRegistry([withCrashPoints(options.define(plan), plan)]);
  // Time passes only by the run's own clock: no jitter, and no wait in place.
  const runner = createBareRunner({
    log: logWithPoints(log, plan),
    ...{ registry, clock, leases, leaseMs },
  });
  let begin = (id: SagaId, control: RunControl) => runner.run(id, control);
  return {
    /** Every point it reached, in order; the second visit of one is `<point> (2)`. */
    trace,
    isDead: (): boolean => hasDied,
    /** Its place for a saga that its process accepts: `run` goes on from the acceptance then. */
    reserve: ({ definition }: RegisteredSaga, input: Json): Place | null => {
      const reservation = runner.reserve(registry.newest(definition.name), input);
      if (reservation === null) return null;
      return {
        ...reservation,
        begin: (accepted) => {
          begin = (_id, control) => reservation.run(accepted, control);
        },
      };
    },
    /** Runs the saga until it rests or this worker dies. */
    run: async (id: SagaId, control = FREE): Promise<WorkerEnd> => {
      sagaId = id;
      current = begin(id, control);
      begin = (again, next) => runner.run(again, next);
      // Its end is awaited when it is let loose, and not before.
      current.catch(() => undefined);
      const end = await Promise.race([current, death.promise.then(() => DEAD)]);
      if (end.status !== 'dead') return end;
      await settle(calls);
      return end;
    },
    /** What becomes of the dead one's run when it has been let loose. */
    afterDeath: async (): Promise<RunOutcome> => {
      if (current === null) throw new Error('it never ran');
      return current;
    },
    /** Lets a dead worker resume, and returns how that ended. At once for a living one. */
    letLoose: async (): Promise<RunOutcome | null> => {
      if (!hasDied) return null;
      isDead = false;
      revival.resolve();
      return current;
    },
  };
}

/** What was under way when the worker died arrives before another worker comes. A call that still had to pass the
 * claim never left: it stands where it stood, as the dead do. */
async function settle(calls: ReadonlySet<Promise<void>>): Promise<void> {
  do {
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(calls);
  } while (calls.size > 0);
}

const DEAD = { status: 'dead' } as const;

const FREE: RunControl = { signal: new AbortController().signal, isDraining: () => false };
