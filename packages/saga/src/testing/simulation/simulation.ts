// What an engineer writes to have definitions simulated: the world of one saga, the services that it is reached
// through, and what else goes wrong in it.

import type { SagaDefinition } from '../../definition.ts';
import type { Json } from '../../json.ts';
import type { SagaRecord } from '../../log/record.ts';
import type { SagaLog } from '../../log/saga-log.ts';
import type { Periodic } from '../../run/periodic.ts';
import type { Sagas } from '../../sagas.ts';
import type { Link, Services } from './link.ts';
import type { Chance } from './seeded-chance.ts';

export interface Simulation<World> {
  /** Beside the saga log. */
  readonly services: Services;
  /** Which services take their time, or go away, drawn for each simulation; the log may be among them, and one that stands
   * there twice is drawn twice as often. Null: none. Default: each once. */
  readonly sluggish?: readonly [string | null, ...(string | null)[]];
  readonly away?: readonly [string, ...string[]];
  /** How many sagas there are, drawn for each simulation. Default: mostly one, and never more than three. */
  readonly sagas?: readonly [number, ...number[]];
  /** The world of one more saga, which no other touches but through what the simulation shares between them. @param nth of the sagas of this simulation. */
  begin(nth: number, setting: Setting): World;
  order(world: World): { readonly kind: string; readonly input: Json };
  /** The definitions as one process has them: every call of a service goes over its link. */
  define(world: World, process: SimulatedProcess): readonly SagaDefinition[];
  /** What else goes wrong in this world while it storms, and what people do in it, each at a pace of its own.
   * @param front the process that people reach. */
  storm?(world: World, troubles: Troubles, front: SimulatedProcess): void;
  /** Called every minute when the storm is over: what people do then. */
  tend?(world: World): void;
  /** Called once, when nothing goes wrong any more and every saga has ended: what it begins has to end as well, and so has
   * the promise that it gives. */
  afterwards?(world: World, front: SimulatedProcess): Promise<void>;
  /** Something that runs beside the workers for as long as the world is there; null: nothing in this one. */
  beside?(world: World, process: SimulatedProcess): Periodic | null;
  /** For so long it continues when workers and relay are done. */
  readonly besideForMs?: number;
  /** A record of the saga is on a majority. */
  onWritten?(world: World, saga: SagaRecord): void;
  /** The log as the workers have it: with a bug in it, to see that the simulation finds one. */
  wrapLog?(log: SagaLog): SagaLog;
}

export interface Setting {
  readonly chance: Chance;
  readonly nowMs: () => number;
  readonly trace: (line: string) => void;
  /** The log itself, with no link before it. */
  readonly log: SagaLog;
}

export interface SimulatedProcess {
  readonly link: Link;
  /** Over the link. */
  readonly log: SagaLog;
  /** Begins sagas over the link: those that people ask for, and, in a worker, the children of a step. They belong to the
   * same world, and are woken, run and interrupted like the first one. To be called only when a saga runs. Those of the
   * front are each time another process's: one that only accepts, or a worker, which may die before it answers. */
  readonly sagas: () => Sagas;
}

/** Does something again and again, at random moments between so many paces; the pace is drawn, and may be never. */
export type Troubles = (fromPaces: number, toPaces: number, act: () => void) => void;

export interface Simulated<World> {
  /** Those that the simulation has begun, then what was begun in their worlds, as it came into the log. */
  readonly sagas: readonly SimulatedSaga<World>[];
  /** Runs that threw, and acceptances that were answered and not durable: there are none ever. */
  readonly failures: readonly string[];
  readonly trace: readonly string[];
}

export interface SimulatedSaga<World> {
  readonly saga: SagaRecord;
  readonly world: World;
  /** Every record that was on a majority, in order. */
  readonly written: readonly SagaRecord[];
  /** A cancel was answered with a promise. */
  readonly isCancelPromised: boolean;
}
