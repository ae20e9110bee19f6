// What one process of a simulation has in one world: the definitions, and the engine's front door over its link.

import type { SagaLog } from '../../log/saga-log.ts';
import type { WakeUps } from '../../queue/wake-ups.ts';
import { createRegistry, type Registry } from '../../registry.ts';
import type { Clock } from '../../run/clock.ts';
import type { SagaId } from '../../saga-id.ts';
import { createSagas, type Sagas, type SagasOptions } from '../../sagas.ts';
import type { Link } from './link.ts';
import type { SimulatedProcess, Simulation } from './simulation.ts';

export interface ProcessInWorld {
  readonly registry: Registry;
  readonly sagas: Sagas;
  readonly process: SimulatedProcess;
}

/** The queue that all processes share. */
export interface SimulatedQueue<World> {
  readonly wakeUps: WakeUps;
  /** A saga of this world may be in the log from here on. Where it is there already, its world stays. */
  adopt(id: SagaId, world: World): void;
  /** Its acceptance was answered. */
  noteAccepted(id: SagaId): void;
}

interface PartsOfProcess extends Pick<SagasOptions, 'reserve'> {
  readonly link: Link;
  readonly log: SagaLog;
  readonly clock: Clock;
}

export function enterWorld<World>(
  simulation: Simulation<World>,
  world: World,
  { link, log, clock, reserve }: PartsOfProcess,
  { wakeUps, adopt, noteAccepted }: SimulatedQueue<World>,
): ProcessInWorld {
  const process: SimulatedProcess = { link, log, sagas: () => sagas };
  const registry = createRegistry(simulation.define(world, process));
  const real = createSagas({
    // The process that begins it may die before any worker is woken: the relay has to know where it belongs.
    log: {
      ...log,
      insert: (saga) => {
        adopt(saga.id, world);
        return log.insert(saga);
      },
    },
    registry,
    clock,
    wakeUps,
    onWakeFailed: () => undefined,
    ...(reserve !== undefined && { reserve }),
  });
  const sagas: Sagas = {
    ...real,
    start: async (order) => {
      const accepted = await real.start(order);
      noteAccepted(accepted.saga.id);
      return accepted;
    },
  };
  return { registry, sagas, process };
}
