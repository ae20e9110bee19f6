// One saga and the workers that run it, one after the other, each until it dies at the place given or the saga
// rests. The dead come back: beside the next one, or when all is over. Then the world is checked.

import type { SagaDefinition } from '../../definition.ts';
import type { Json } from '../../json.ts';
import type { SagaRecord } from '../../log/record.ts';
import type { SagaLog } from '../../log/saga-log.ts';
import type { WakeUps } from '../../queue/wake-ups.ts';
import { createRegistry } from '../../registry.ts';
import type { Clock } from '../../run/clock.ts';
import { withDeadline } from '../../run/deadline.ts';
import type { RunOutcome } from '../../run/runner.ts';
import type { SagaId } from '../../saga-id.ts';
import { createSagas, type Sagas } from '../../sagas.ts';
import { createMemorySagaLog } from '../log/memory-saga-log.ts';
import type { CrashEnvironment, CrashTest, Trouble } from './crash-test.ts';
import {
  type CrashWorker,
  type CrashWorkerOptions,
  createCrashWorker,
  type Fate,
} from './crash-worker.ts';
import { driveDirectly } from './drive-directly.ts';
import type { Point } from './points.ts';
import { CrashViolation, endOf, titleOf } from './violation.ts';
import { type CrashPlan, wireOf } from './with-crash-points.ts';

export interface CrashOrder {
  readonly trouble: Trouble;
  /** Of the first worker, the second, …; the worker that comes after them survives. */
  readonly fates: readonly Fate[];
  /** When the dead come back. */
  readonly back: 'beside-the-next' | 'at-the-end';
  /** What makes a worker come: the run itself, at once; the same, with the first one in the process that accepts the saga;
   * or BullMQ, when the dead one's lock has run out. */
  readonly wakeUps: 'direct' | 'accepted-here' | 'queue';
}

export interface RunReport {
  /** Of each worker, the points it reached. */
  readonly traces: readonly (readonly Point[])[];
  /** Whether every fate was met. */
  readonly isMet: boolean;
  readonly violation: CrashViolation | null;
}

/** A run as far as it has come, for what drives it. */
export interface RunUnderWay {
  readonly environment: CrashEnvironment;
  readonly order: CrashOrder;
  readonly workers: readonly CrashWorker[];
  /** Stores the saga.
   * @param here the worker in the process that accepts it. Default: it is accepted elsewhere. */
  start(wakeUps: WakeUps, clock: Clock, here?: CrashWorker): Promise<SagaId>;
  /** The worker that comes after those that there were, and the log of its process. */
  nextWorker(options: Pick<CrashWorkerOptions, 'clock' | 'leaseMs' | 'leases'>): CrashWorker;
  nextLog(): SagaLog;
  /** Lets the dead workers resume where they stood. */
  comeBack(): void;
  /** Called when no worker runs any more, the newest first. */
  onEnd(close: () => Promise<void>): void;
}

/** A machine that is busy with other tests needs seconds; what takes longer than these hangs. */
const RUN_MS = 240_000;
const RETURN_MS = 60_000;

export async function runCrash<Input extends Json, World>(
  definition: SagaDefinition<Input>,
  test: CrashTest<Input, World>,
  order: CrashOrder,
): Promise<RunReport> {
  const { environment = createMemoryEnvironment() } = test;
  const { overQueue = driveDirectly } = environment;
  const world = await test.begin();
  const run = beginRun(definition, test, world, environment, order);
  let violation: CrashViolation | null = null;
  try {
    const driven = order.wakeUps === 'queue' ? overQueue(run) : driveDirectly(run);
    const saga = await within(RUN_MS, 'the saga to come to rest', driven);
    const isCalm = order.fates.every(({ dieAt, loseAt }) => (dieAt ?? loseAt) === undefined);
    if (isCalm) expectEnd(saga, order.trouble);
    await check(test, world, saga, '');
    run.comeBack();
    await within(RETURN_MS, 'the dead to come to an end', run.returned());
    await check(test, world, saga, 'after the dead came back: ');
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const saga = run.id === null ? null : await environment.logs[0].find(run.id);
    violation = new CrashViolation(titleOf(definition.name, order), problem, saga, error);
  } finally {
    for (const close of run.closers.toReversed()) await close();
  }
  const isMet = order.fates.every((fate, index) => isFateMet(fate, run.workers[index]));
  return { traces: run.workers.map(({ trace }) => trace), isMet, violation };
}

function beginRun<Input extends Json, World>(
  definition: SagaDefinition<Input>,
  test: CrashTest<Input, World>,
  world: World,
  environment: CrashEnvironment,
  order: CrashOrder,
) {
  const { logs } = environment;
  const { input, define = () => definition, close = async () => undefined } = test;
  const workers: CrashWorker[] = [];
  /** What became of the dead that are back. */
  const returned: Promise<RunOutcome | null>[] = [];
  const closers: (() => Promise<void>)[] = [() => close(world)];
  let sagas: Sagas | null = null;
  const cancel = async (id: SagaId) => {
    await sagas?.requestCancel(id, 'a crash test');
  };
  const run = {
    environment,
    order,
    workers,
    closers,
    id: null as SagaId | null,
    returned: () => Promise.all(returned),
    onEnd: (end: () => Promise<void>) => void closers.push(end),
    start: async (wakeUps: WakeUps, clock: Clock, here?: CrashWorker) => {
      const registry = createRegistry([define(world, wireOf(NOTHING_HAPPENS), 0)]);
      // A wake-up that fails: no worker comes, and the run reports it.
      sagas = createSagas({
        log: logs[0],
        registry,
        wakeUps,
        clock,
        onWakeFailed: () => undefined,
        reserve: (registered, given) => here?.reserve(registered, given) ?? null,
      });
      closers.push(sagas.close);
      const { saga } = await sagas.start({
        kind: definition.name,
        subject: 'a crash test',
        requestedBy: 'a crash test',
        input: input instanceof Function ? input(world) : input,
      });
      run.id = saga.id;
      return saga.id;
    },
    nextLog: () => logs[workers.length % logs.length] ?? logs[0],
    nextWorker: (options: Parameters<RunUnderWay['nextWorker']>[0]) => {
      const number = workers.length;
      const process = number % logs.length;
      const worker = createCrashWorker({
        ...options,
        log: run.nextLog(),
        fate: order.fates[number] ?? {},
        interfere: interferenceOf(order.trouble, number, cancel),
        define: (plan) => define(world, wireOf(plan), process),
      });
      workers.push(worker);
      return worker;
    },
    comeBack: () => void returned.push(...workers.map((worker) => worker.letLoose())),
  };
  return run satisfies RunUnderWay;
}

const NOW_MS = Date.parse('2026-11-01T00:00:00Z');

/** For a run that needs no server: a log in memory, and time that stands still but for what a run lets pass. */
function createMemoryEnvironment(): CrashEnvironment {
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  const log = createMemorySagaLog(clock);
  return { logs: [log], clock, expire: async (id) => log.expire(id) };
}

const NOTHING_HAPPENS: CrashPlan = {
  reach: async () => undefined,
  reachCall: async () => undefined,
  underWay: (start) => start(),
};

function interferenceOf(
  { interferes }: Trouble,
  worker: number,
  cancel: (id: SagaId) => Promise<void>,
): CrashWorkerOptions['interfere'] {
  const isHere = interferes !== undefined && !(interferes.isLater === true && worker === 0);
  if (!isHere) return async () => undefined;
  return async (point, id) => {
    if (interferes.at !== point) return;
    if (interferes.does !== 'cancel') throw interferes.does();
    await cancel(id);
  };
}

function isFateMet({ dieAt, loseAt }: Fate, worker: CrashWorker | undefined): boolean {
  if (worker === undefined) return false;
  return (
    (dieAt === undefined || worker.isDead()) &&
    (loseAt === undefined || worker.trace.includes(loseAt))
  );
}

function expectEnd(saga: SagaRecord, { ends }: Trouble): void {
  const end = saga.state.phase === 'completed' ? 'completed' : 'undone';
  if (ends !== undefined && ends !== end) throw new Error(`${endOf(saga)} instead of ${ends}`);
}

/** A saga that is stuck needs a person: no crash may lead there. */
async function check<Input extends Json, World>(
  test: CrashTest<Input, World>,
  world: World,
  saga: SagaRecord,
  when: string,
): Promise<void> {
  if (saga.state.phase === 'stuck') throw new Error(endOf(saga));
  try {
    await test.check(world, saga);
  } catch (error) {
    const wrong = error instanceof Error ? error.message : String(error);
    throw new Error(`${when}${endOf(saga)}, but ${wrong}`, { cause: error });
  }
}

function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  return withDeadline(() => work, {
    ms,
    late: () => new Error(`waited ${ms} ms in vain for ${what}`),
  });
}
