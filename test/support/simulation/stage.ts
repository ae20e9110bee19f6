// Who acts in a simulation: two workers and the queue that wakes them, the relay, the janitor, and the people at the
// front.

import { randomBytes } from 'node:crypto';
import { initialState } from '../../../packages/saga/src/machine/initial-state.ts';
import type { Verb } from '../../../packages/saga/src/operate/operators.ts';
import type { Registry } from '../../../packages/saga/src/registry.ts';
import type { Periodic } from '../../../packages/saga/src/run/periodic.ts';
import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import { makeSagaId } from '../../../packages/saga/src/saga-id.ts';
import { createSagas, type Sagas } from '../../../packages/saga/src/sagas.ts';
import { createJanitor } from '../../../src/deletion/janitor.ts';
import { createWire, skewedClock } from './wire.ts';
import {
  createSimulatedWorker,
  type Ground,
  logOver,
  portsOver,
  registryOver,
  type SimulatedWorker,
  type SimulatedWorld,
} from './worker.ts';

export interface Stage {
  /** Accepts a saga, and wakes a worker for it. */
  begin(world: SimulatedWorld): Promise<SagaId>;
  /** A wake-up of either worker, as a queue makes it; its answer says when it wants to be woken again. */
  deliver(id: SagaId): void;
  kill(slot: number): void;
  freeze(slot: number, ms: number): void;
  /** The primary that the worker talks to is none any more, and does not know it. */
  cutOff(slot: number, ms: number): void;
  cancel(id: SagaId): void;
  order(id: SagaId, verb: Verb): void;
  /** Unless the curtain has fallen by then. */
  later(ms: number, act: () => void): void;
  /** Workers and relay have nothing to do any more; the janitor may. */
  dismiss(): void;
  stop(): void;
  /** A cancel of it was answered with a promise. */
  isCancelPromised(id: SagaId): boolean;
  /** Runs that threw: none ever does. */
  readonly failures: readonly string[];
}

interface Cast {
  readonly world: SimulatedWorld;
  readonly registry: Registry;
  readonly sagas: Sagas;
  readonly janitor: Periodic;
}

const RELAY_EVERY_MS = 5_000;
const JANITOR_EVERY_MS = 15_000;
/** A queue is never faster, however soon it is asked to be. */
const SOONEST_MS = 10;

export function createStage(ground: Ground): Stage {
  const { weather, log, twin } = ground;
  const { time, chance, tell } = weather;
  const workers: SimulatedWorker[] = [];
  const front = createWire('front', weather);
  const frontLog = logOver(log, front);
  const frontClock = skewedClock(weather, drawSkewMs());
  const failures: string[] = [];
  let born = 0;
  const casts = new Map<SagaId, Cast>();
  const cancelled = new Set<SagaId>();
  const putOff = new Set<SagaId>();
  let isDismissed = false;
  let isOver = false;

  /** Mostly as good as a reading over a network is; sometimes as bad as after a failover to another clock. */
  function drawSkewMs(): number {
    const mostMs = chance.pick([300, 10_000]);
    return chance.between(-mostMs, mostMs);
  }

  function hire(slot: number): void {
    born += 1;
    workers[slot] = createSimulatedWorker(`w${slot}.${born}`, ground, drawSkewMs());
  }
  hire(0);
  hire(1);
  relay();

  /** Who is at the front for one saga. */
  function cast(world: SimulatedWorld): Cast {
    const ports = portsOver(world, front, frontLog);
    const registry = registryOver(world, ports);
    const sagas = createSagas({
      log: frontLog,
      registry,
      clock: frontClock,
      wakeUps: {
        wake: async (id) => deliver(id),
        revive: async (id) => {
          deliver(id);
          return 'revived';
        },
      },
      onWakeFailed: () => undefined,
    });
    const janitor = createJanitor({
      ports,
      everyMs: JANITOR_EVERY_MS,
      onEntryReturned: () => undefined,
      onLook: () => undefined,
      onError: () => undefined,
    });
    return { world, registry, sagas, janitor };
  }

  function later(ms: number, act: () => void): void {
    setTimeout(() => {
      if (!isOver) act();
    }, ms);
  }

  function deliver(id: SagaId): void {
    const worker = workers[chance.between(0, 1)];
    const world = casts.get(id)?.world;
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
      (error: unknown) => void failures.push(`${worker.wire.name}: ${String(error)}`),
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
      const seen = twin.log?.(log) ?? log;
      void seen.takeOverdue({ limit: 10, holdMs: 3 * RELAY_EVERY_MS }).then((overdue) => {
        for (const { id } of overdue) deliver(id);
      });
    });
  }

  async function cancel(id: SagaId): Promise<void> {
    const result = await casts.get(id)?.sagas.requestCancel(id, 'user');
    tell(`cancel: ${result?.status}`);
    if (result?.status === 'requested') cancelled.add(id);
  }

  async function order(id: SagaId, verb: Verb): Promise<void> {
    const result = await casts.get(id)?.sagas.order(id, { verb, by: 'admin', reason: 'to see' });
    tell(`${verb}: ${result?.status}`);
  }

  /** Whoever asked gets an error and may ask again. */
  const unanswered = () => undefined;

  return {
    failures,
    isCancelPromised: (id) => cancelled.has(id),
    later,
    deliver,
    kill: (slot) => {
      tell(`w${slot} is killed`);
      workers[slot]?.stop();
      later(chance.between(10, 5_000), () => hire(slot));
    },
    freeze: (slot, ms) => {
      const wire = workers[slot]?.wire;
      if (wire === undefined) return;
      wire.frozenUntilMs = time.nowMs() + ms;
      tell(`${wire.name} is frozen for ${ms}`);
    },
    cutOff: (slot, ms) => {
      const wire = workers[slot]?.wire;
      if (wire === undefined) return;
      wire.cutOffUntilMs = time.nowMs() + ms;
      tell(`${wire.name} is cut off from the majority for ${ms}`);
    },
    cancel: (id) => void cancel(id).catch(unanswered),
    order: (id, verb) => void order(id, verb).catch(unanswered),
    begin: async (world) => {
      const { kind, input, names } = world.plot;
      const atFront = cast(world);
      const { definition, shape } = atFront.registry.newest(kind);
      const id = makeSagaId('sim', time.nowMs(), randomBytes(16));
      casts.set(id, atFront);
      const { saga } = await log.insert({
        id,
        kind,
        version: definition.version,
        key: definition.key(input),
        subject: names.userId,
        requestedBy: 'user',
        parent: null,
        input,
        state: initialState(shape),
      });
      deliver(saga.id);
      atFront.janitor.start();
      return saga.id;
    },
    dismiss: () => {
      isDismissed = true;
      for (const worker of workers) worker.stop();
    },
    stop: () => {
      isOver = true;
      for (const { janitor } of casts.values()) void janitor.stop();
    },
  };
}
