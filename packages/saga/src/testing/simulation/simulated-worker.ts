// One worker process of a simulation: the real runner, journal and lease keeper over a link and a clock of its own. It
// works on every saga of the simulation, and may run by itself what it has accepted.

import type { Claim } from '../../log/saga-log.ts';
import { wakeParent } from '../../operate/wake.ts';
import { within } from '../../run/deadline.ts';
import { createLeaseKeeper } from '../../run/lease-keeper.ts';
import { createLocalRuns, type LocalRuns } from '../../run/local-runs.ts';
import { createRunner, type RunOutcome } from '../../run/runner.ts';
import { createSlots } from '../../run/slots.ts';
import { WAIT_IN_PLACE_MS } from '../../run/waits-in-place.ts';
import type { SagaId } from '../../saga-id.ts';
import type { Sagas } from '../../sagas.ts';
import { createLink, skewedClock, type Weather } from './link.ts';
import { logOver } from './linked-log.ts';
import { enterWorld, type SimulatedQueue } from './process-in-world.ts';
import type { Setting, Simulation } from './simulation.ts';

const LEASE_MS = 15_000;
/** What still runs then is interrupted. */
const DRAIN_MS = 5_000;

/** What all sagas of one simulation share. */
export interface SharedSimulation<World> extends Setting {
  readonly weather: Weather;
  readonly simulation: Simulation<World>;
  /** Whether a process with a worker runs what it has accepted by itself; or every saga waits for its wake-up, as where
   * the processes that accept have no worker. */
  readonly runsAccepted: boolean;
}

export type SimulatedWorker<World> = ReturnType<typeof createSimulatedWorker<World>>;

interface WorkerOptions<World> {
  readonly queue: SimulatedQueue<World>;
  /** How far its idea of the database's time is off in the storm. */
  readonly skewMs: number;
  /** A run threw that no wake-up waits for. */
  readonly onError: (error: unknown) => void;
}

export function createSimulatedWorker<World>(
  name: string,
  { weather, log: shared, simulation, runsAccepted }: SharedSimulation<World>,
  { queue, skewMs, onError }: WorkerOptions<World>,
) {
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
    waitInPlaceMs: WAIT_IN_PLACE_MS,
    // With one slot, what is accepted beside a saga that runs has to be woken.
    ...(runsAccepted && { slots: createSlots(chance.pick([1, 10, 10])) }),
    onFenced: ({ epoch }: Claim) => trace(`${name} fenced under ${epoch}`),
  };
  let isDraining = false;
  const entered = new Map<World, InWorld>();
  const woken = new Set<Promise<RunOutcome>>();

  function enter(world: World): InWorld {
    const known = entered.get(world);
    if (known !== undefined) return known;
    const reserve: LocalRuns['reserve'] = (registered, input) =>
      runsAccepted ? runs.reserve(registered, input) : null;
    const parts = { link, log, clock, reserve };
    const { registry, sagas } = enterWorld(simulation, world, parts, queue);
    const runner = createRunner({
      ...options,
      registry,
      onTransition: (transition) => wakeParent(sagas, transition, () => undefined),
    });
    const runs = createLocalRuns({
      ...{ runner, onError },
      isOpen: () => !isDraining,
      wake: async ({ id, kind }) => {
        if (!link.isDead) await queue.wakeUps.requeue(id, kind);
      },
    });
    const own = { runs, sagas };
    entered.set(world, own);
    return own;
  }

  function stop(): void {
    link.isDead = true;
    void leases.stop();
  }

  return {
    link,
    /** Its idea of the database's time. */
    nowMs: (): number => clock.nowMs(),
    run: (world: World, id: SagaId, signal: AbortSignal): Promise<RunOutcome> => {
      const control = { signal, isDraining: () => isDraining };
      const run = enter(world).runs.run(id, control);
      woken.add(run);
      const forget = () => void woken.delete(run);
      run.then(forget, forget);
      return run;
    },
    /** The engine's front door of this process. */
    sagasOf: (world: World): Sagas => enter(world).sagas,
    /** Takes nothing more, comes to the next step boundary of what it runs, and dies. */
    drain: (): void => {
      isDraining = true;
      const closing = [...entered.values()].map(({ runs }) => runs.close(DRAIN_MS));
      const left = within(Promise.allSettled(woken), { ms: DRAIN_MS, late: null });
      void Promise.all([left, ...closing]).then(stop);
    },
    stop,
  };
}

/** What one process has in one world. */
interface InWorld {
  readonly runs: LocalRuns;
  readonly sagas: Sagas;
}
