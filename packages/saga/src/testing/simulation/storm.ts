// What goes wrong in a simulation until the weather is calm: workers are killed and frozen, the log's primary changes and
// an old one does not know it, services go away, wake-ups come twice, people cancel and give orders; and what the
// simulation adds of its own.

import type { SagaId } from '../../saga-id.ts';
import type { Actors } from './actors.ts';
import { LOG, type Weather } from './link.ts';
import type { SharedSimulation } from './simulated-worker.ts';
import type { Troubles } from './simulation.ts';

const OPERATOR_EVERY_MS = 60_000;

/** Unnoticed, longer than a lease, and longer than any step may take. */
const FREEZES_MS = [500, 17_000, 30_000] as const;
/** An old primary that is cut off steps down when its election's timeout is over. */
const LONGEST_CUT_MS = 10_000;
/** Long enough for a lease to run out twice, at any pace of its clock. */
const SHORTEST_MS = 30_000;

/** A saga and its world. */
export interface Story<World> {
  readonly id: SagaId;
  readonly world: World;
}

/** @returns for how long it lasts. */
export function letItStorm<World>(
  actors: Actors<World>,
  { weather, simulation }: SharedSimulation<World>,
  stories: readonly Story<World>[],
): { readonly forMs: number } {
  const { chance } = weather;
  const { away = [LOG, ...Object.keys(simulation.services)] } = simulation;

  function everyNowAndThen(fromMs: number, toMs: number, act: () => void): void {
    actors.later(chance.between(fromMs, toMs), () => {
      if (weather.isCalm) return;
      act();
      everyNowAndThen(fromMs, toMs, act);
    });
  }

  // Each trouble at a pace of its own, of the same order as the work itself (a saga takes a tenth of a second) or
  // slower, and some not at all: a worker that dies all the time never gets to where it might do harm.
  let slowest = 0;
  const troubles: Troubles = (fromPaces, toPaces, act) => {
    const pace = chance.pick([null, 20, 200, 2_000]);
    if (pace === null) return;
    slowest = Math.max(slowest, pace);
    everyNowAndThen(fromPaces * pace, toPaces * pace, act);
  };
  troubles(1, 30, () => actors.kill(chance.between(0, 1)));
  troubles(1, 30, () => actors.freeze(chance.between(0, 1), chance.pick(FREEZES_MS)));
  troubles(2, 40, () => actors.cutOff(chance.between(0, 1), chance.between(500, LONGEST_CUT_MS)));
  troubles(5, 50, () => outage(weather, chance.pick(away)));
  for (const story of stories) trouble(story);

  function trouble({ id, world }: Story<World>): void {
    const front = actors.frontOf(world);
    troubles(1, 20, () => actors.deliver(oneOf(id)));
    if (front !== undefined) simulation.storm?.(world, troubles, front);
    troubles(1, 10, () =>
      actors.order(oneOf(id), chance.pick(['hold', 'retry', 'compensate', 'skip'])),
    );
    if (chance.hits(0.3))
      actors.later(chance.between(1, chance.pick([200, 20_000])), () => actors.cancel(oneOf(id)));
  }

  /** The saga, or what was begun in its world since. */
  function oneOf(id: SagaId): SagaId {
    const [, ...others] = actors.familyOf(id);
    return others.length === 0 ? id : chance.pick([id, ...others]);
  }
  return { forMs: SHORTEST_MS + 30 * slowest };
}

/** From here on nothing goes wrong, and an operator sends on what is stuck. */
export function calm<World>(
  actors: Actors<World>,
  { weather, log, simulation }: SharedSimulation<World>,
  stories: readonly Story<World>[],
): void {
  weather.isCalm = true;
  weather.faults = 0;
  weather.sluggish = null;
  weather.awayUntilMs.clear();
  const tend = ({ id, world }: Story<World>) => {
    actors.later(OPERATOR_EVERY_MS, () => tend({ id, world }));
    for (const one of actors.familyOf(id)) {
      void log.find(one).then((saga) => {
        if (saga?.state.phase === 'stuck') actors.order(one, 'retry');
      });
    }
    simulation.tend?.(world);
  };
  for (const story of stories) tend(story);
}

function outage(weather: Weather, service: string): void {
  const { trace, time, chance } = weather;
  trace(`${service} is away`);
  weather.awayUntilMs.set(service, time.nowMs() + chance.between(500, 30_000));
}
