// One worker process of a simulation: the real runner, journal and lease keeper over a link and a clock of its own. It
// works on every saga of the simulation.

import { wakeParent } from '../../engine/wake-parent.ts';
import type { Claim } from '../../log/saga-log.ts';
import { createLeaseKeeper } from '../../run/lease-keeper.ts';
import { createRunner, type Runner, type RunOutcome } from '../../run/runner.ts';
import type { SagaId } from '../../saga-id.ts';
import { createLink, type Link, skewedClock, type Weather } from './link.ts';
import { logOver } from './linked-log.ts';
import { enterWorld, type SimulatedQueue } from './process-in-world.ts';
import type { Setting, Simulation } from './simulation.ts';

const LEASE_MS = 15_000;

/** What all sagas of one simulation share. */
export interface SharedSimulation<World> extends Setting {
  readonly weather: Weather;
  readonly simulation: Simulation<World>;
}

export interface SimulatedWorker<World> {
  readonly link: Link;
  /** Its idea of the database's time. */
  readonly nowMs: () => number;
  run(world: World, id: SagaId, signal: AbortSignal): Promise<RunOutcome>;
  stop(): void;
}

/** @param skewMs how far its idea of the database's time is off in the storm. */
export function createSimulatedWorker<World>(
  name: string,
  { weather, log: shared, simulation }: SharedSimulation<World>,
  queue: SimulatedQueue<World>,
  skewMs: number,
): SimulatedWorker<World> {
  const { chance, trace } = weather;
  const link = createLink(name, weather);
  const clock = skewedClock(weather, skewMs);
  const linked = logOver(shared, link);
  const log = simulation.wrapLog?.(linked) ?? linked;
  const leases = createLeaseKeeper({ log, leaseMs: LEASE_MS, onError: () => undefined });
  leases.start();
  const options = {
    log,
    clock,
    leases,
    cohorts: { enter: async () => undefined, leave: () => undefined },
    leaseMs: LEASE_MS,
    random: () => chance.next(),
    waitInPlaceMs: 2_000,
    onFenced: ({ epoch }: Claim) => trace(`${name} fenced under ${epoch}`),
  };
  const runners = new Map<World, Runner>();
  const runnerOf = (world: World): Runner => {
    const known = runners.get(world);
    if (known !== undefined) return known;
    const { registry, sagas } = enterWorld(simulation, world, { link, log, clock }, queue);
    const runner = createRunner({
      ...options,
      registry,
      onTransition: (transition) => wakeParent(sagas, transition, () => undefined),
    });
    runners.set(world, runner);
    return runner;
  };
  return {
    link,
    nowMs: () => clock.nowMs(),
    run: (world, id, signal) => runnerOf(world).run(id, { signal, isDraining: () => false }),
    stop: () => {
      link.isDead = true;
      void leases.stop();
    },
  };
}
