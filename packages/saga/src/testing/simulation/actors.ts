// The actors of a simulation: two workers and the queue that wakes them, the relay, what runs beside them, and the
// people at the front.

import { randomBytes } from 'node:crypto';
import { initialState } from '../../machine/state.ts';
import type { Verb } from '../../operate/operators.ts';
import { pause, within } from '../../run/deadline.ts';
import type { Periodic } from '../../run/periodic.ts';
import { makeSagaId, type SagaId } from '../../saga-id.ts';
import type { Sagas } from '../../sagas.ts';
import { createLink, skewedClock } from './link.ts';
import { logOver } from './linked-log.ts';
import { enterWorld, type ProcessInWorld, type SimulatedQueue } from './process-in-world.ts';
import {
  createSimulatedWorker,
  type SharedSimulation,
  type SimulatedWorker,
} from './simulated-worker.ts';
import type { SimulatedProcess } from './simulation.ts';

export type Actors<World> = ReturnType<typeof createActors<World>>;

/** What the front has of one world. */
interface Front<World> extends ProcessInWorld {
  readonly world: World;
  readonly ids: SagaId[];
  readonly beside: Periodic | null;
}

const RELAY_EVERY_MS = 5_000;
/** So long people wait for the answer to a request, and then make it again. */
const ASK_AGAIN_MS = 10_000;
/** A queue is never faster, however soon the wake-up is due. */
const SOONEST_MS = 10;

/** @param isDurable whether a majority has the saga. */
export function createActors<World>(
  shared: SharedSimulation<World>,
  isDurable: (id: SagaId) => boolean,
) {
  const { weather, log, simulation, runsAccepted } = shared;
  const { time, chance, trace } = weather;
  const workers: SimulatedWorker<World>[] = [];
  const link = createLink('front', weather);
  const frontLog = logOver(log, link);
  const frontClock = skewedClock(weather, drawSkewMs());
  const failures: string[] = [];
  let born = 0;
  const fronts = new Map<SagaId, Front<World>>();
  const queue: SimulatedQueue<World> = {
    wakeUps: {
      wake: async (id) => deliver(id),
      requeue: async (id) => {
        deliver(id);
        return 'requeued';
      },
    },
    adopt: (id, world) => {
      const front = frontOf(world);
      if (front === undefined || fronts.has(id)) return;
      fronts.set(id, front);
      front.ids.push(id);
    },
    noteAccepted: (id) => {
      if (!isDurable(id)) failures.push(`I7: ${id} was accepted, and is on no majority`);
    },
  };
  const asking = new Set<SagaId>();
  const cancelled = new Set<SagaId>();
  const putOff = new Set<SagaId>();
  let isDismissed = false;
  let isOver = false;

  /** Mostly as good as a reading over a network is; sometimes as bad as after a failover to another clock. */
  function drawSkewMs(): number {
    const mostMs = chance.pick([300, 10_000]);
    return chance.between(-mostMs, mostMs);
  }

  function startWorker(slot: number): void {
    born += 1;
    const name = `w${slot}.${born}`;
    const onError = (error: unknown) => noteFailure(name, error);
    const skewMs = drawSkewMs();
    workers[slot] = createSimulatedWorker(name, shared, { queue, skewMs, onError });
  }
  startWorker(0);
  startWorker(1);
  relay();

  function noteFailure(name: string, error: unknown): void {
    failures.push(`a run threw: ${name}: ${String(error)}`);
  }

  function createFront(world: World): Front<World> {
    const parts = { link, log: frontLog, clock: frontClock };
    const entered = enterWorld(simulation, world, parts, queue);
    const { sagas } = entered;
    const process = { ...entered.process, sagas: () => accepting(world) ?? sagas };
    return {
      ...entered,
      process,
      world,
      ids: [],
      beside: simulation.beside?.(world, process) ?? null,
    };
  }

  /** The process that takes a request: a worker's; null: one that only accepts. */
  function accepting(world: World): Sagas | null {
    if (!runsAccepted) return null;
    return chance.pick([null, ...workers])?.sagasOf(world) ?? null;
  }

  function frontOf(world: World): Front<World> | undefined {
    return [...fronts.values()].find((front) => front.world === world);
  }

  /** Unless the simulation is over by then. */
  function later(ms: number, act: () => void): void {
    setTimeout(() => {
      if (!isOver) act();
    }, ms);
  }

  /** A wake-up of either worker, as a queue makes it; its answer is when it wants to be woken again. */
  function deliver(id: SagaId): void {
    const worker = workers[chance.between(0, 1)];
    const world = fronts.get(id)?.world;
    if (worker === undefined || world === undefined || isOver) return;
    const lockLost = new AbortController();
    if (!weather.isCalm && chance.hits(0.1)) {
      later(chance.between(1, 5_000), () => lockLost.abort());
    }
    worker.run(world, id, lockLost.signal).then(
      (outcome) => {
        if (outcome.status === 'later') wakeAgain(id, outcome.atMs - worker.nowMs());
        if (outcome.status === 'fenced') wakeAgain(id, 5_000);
      },
      (error: unknown) => noteFailure(worker.link.name, error),
    );
  }

  /** One wake-up is put off at a time: what comes twice comes from somewhere else. */
  function wakeAgain(id: SagaId, ms: number): void {
    if (putOff.has(id)) return;
    putOff.add(id);
    later(Math.max(SOONEST_MS, ms), () => {
      putOff.delete(id);
      deliver(id);
    });
  }

  function relay(): void {
    later(RELAY_EVERY_MS, () => {
      if (isDismissed) return;
      relay();
      const observed = simulation.wrapLog?.(log) ?? log;
      void observed.takeOverdue({ limit: 10, holdMs: 3 * RELAY_EVERY_MS }).then((overdue) => {
        for (const { id } of overdue) deliver(id);
      });
    });
  }

  /** As people do: who gets no answer, or an error, asks again, under the same id and mostly another process. */
  async function ask({ world, process }: Front<World>, id: SagaId): Promise<void> {
    asking.add(id);
    const people = { subject: 'user', requestedBy: 'user' };
    const order = { ...simulation.order(world), ...people, id };
    while (!isOver) {
      const asked = process.sagas().start(order);
      const answer = await within(
        asked.catch(() => null),
        { ms: ASK_AGAIN_MS, late: null },
      );
      if (answer === null) {
        await pause(ASK_AGAIN_MS);
        continue;
      }
      trace(`accepted: ${answer.status}`);
      asking.delete(id);
      return;
    }
  }

  async function cancel(id: SagaId): Promise<void> {
    const result = await fronts.get(id)?.sagas.requestCancel(id, 'user');
    trace(`cancel: ${result?.status}`);
    if (result?.status === 'requested') cancelled.add(id);
  }

  async function order(id: SagaId, verb: Verb): Promise<void> {
    const result = await fronts.get(id)?.sagas.order(id, { verb, by: 'admin', reason: 'to see' });
    trace(`${verb}: ${result?.status}`);
  }

  /** The caller gets an error and may try again. */
  const unanswered = () => undefined;

  return {
    /** Runs that threw, and acceptances that were not durable: there are none ever. */
    failures,
    /** Whether people still ask for a saga. */
    areAsking: (): boolean => asking.size > 0,
    /** A cancel of it was answered with a promise. */
    isCancelPromised: (id: SagaId): boolean => cancelled.has(id),
    worldOf: (id: SagaId): World | undefined => fronts.get(id)?.world,
    /** The sagas of the same world: this one, and what was begun in it since. */
    familyOf: (id: SagaId): readonly SagaId[] => fronts.get(id)?.ids ?? [],
    /** The process that people reach. */
    frontOf: (world: World): SimulatedProcess | undefined => frontOf(world)?.process,
    later,
    deliver,
    kill: (slot: number): void => {
      if (runsAccepted && chance.hits(0.3)) {
        // The next one is there already, as where an installation is brought up to date.
        trace(`w${slot} drains`);
        workers[slot]?.drain();
        startWorker(slot);
        return;
      }
      trace(`w${slot} is killed`);
      workers[slot]?.stop();
      later(chance.between(10, 5_000), () => startWorker(slot));
    },
    freeze: (slot: number, ms: number): void => {
      const worker = workers[slot]?.link;
      if (worker === undefined) return;
      worker.frozenUntilMs = time.nowMs() + ms;
      trace(`${worker.name} is frozen for ${ms}`);
    },
    /** The primary that the worker talks to is none any more, and does not know it. */
    cutOff: (slot: number, ms: number): void => {
      const worker = workers[slot]?.link;
      if (worker === undefined) return;
      worker.cutOffUntilMs = time.nowMs() + ms;
      trace(`${worker.name} is cut off from the majority for ${ms}`);
    },
    cancel: (id: SagaId): void => void cancel(id).catch(unanswered),
    order: (id: SagaId, verb: Verb): void => void order(id, verb).catch(unanswered),
    /** Accepts a saga, and wakes a worker for it; or people ask for it until a process has accepted it. */
    begin: async (world: World): Promise<SagaId> => {
      const { kind, input } = simulation.order(world);
      const front = createFront(world);
      const { definition, shape } = front.registry.newest(kind);
      const id = makeSagaId('sim', time.nowMs(), randomBytes(16));
      fronts.set(id, front);
      front.ids.push(id);
      if (runsAccepted) {
        void ask(front, id);
        front.beside?.start();
        return id;
      }
      const { saga } = await log.insert({
        id,
        kind,
        version: definition.version,
        key: definition.key(input),
        subject: 'user',
        requestedBy: 'user',
        parent: null,
        input,
        state: initialState(shape),
      });
      deliver(saga.id);
      front.beside?.start();
      return saga.id;
    },
    /** Workers and relay have nothing to do any more; what runs beside them may. */
    dismiss: (): void => {
      isDismissed = true;
      for (const worker of workers) worker.stop();
    },
    stop: (): void => {
      isOver = true;
      for (const { beside } of new Set(fronts.values())) void beside?.stop();
    },
  };
}
