// What an engineer writes to have a definition crashed: a world for one run, and what must be true of it at the end.

import type { SagaDefinition } from '../../definition.ts';
import type { Json } from '../../json.ts';
import type { SagaRecord } from '../../log/record.ts';
import type { SagaLog } from '../../log/saga-log.ts';
import type { Clock } from '../../run/clock.ts';
import type { SagaId } from '../../saga-id.ts';
import type { RunUnderWay } from './crash-run.ts';
import type { Point } from './points.ts';
import type { Wire } from './with-crash-points.ts';

export interface CrashTest<Input extends Json, World> {
  /** One more world that no other run touches; where the steps use services that all runs share, those services as new. */
  begin(): World | Promise<World>;
  readonly input: Input | ((world: World) => Input);
  /** Throws where the world does not match the saga's end. It should read the world and never the log.
   * Called when the saga rests, and again when the dead workers have come back and done all that they still could. */
  check(world: World, saga: SagaRecord): void | Promise<void>;
  /** The definition as one of several worker processes has it, on the services of this world. `wire` puts a point
   * around each of their calls, so that workers die inside a step too. Default: the definition itself. */
  define?(world: World, wire: Wire, process: number): SagaDefinition<Input>;
  close?(world: World): Promise<void>;
  /** What goes wrong besides the crashes. Default: `troublesOf` the definition. */
  readonly troubles?: readonly Trouble[];
  /** Second deaths, in the recovery from a first fault: at each point of any recovery once, or at every point of every
   * recovery. Default: `each-point`, in troubles with `faults: 'two'`. */
  readonly pairs?: 'each-point' | 'every-pair';
  /** Default: a log in memory, a new one for each run. */
  readonly environment?: CrashEnvironment;
  /** Runs at once. Default: one after the other, so that worlds may share what `begin` resets. */
  readonly width?: number;
  /** Default: the first violation is thrown. False: all of them are in the report. */
  readonly stopsAtFirst?: boolean;
}

/** A fault of every run, whichever worker dies besides. */
export interface Trouble {
  readonly title: string;
  /** How the saga ends when no worker dies; with a death it may end either way. Missing: either way. */
  readonly ends?: 'completed' | 'undone';
  /** Two: the recoveries are crashed too. One: a fault at each point from what goes wrong on; those before it are the same
   * without the trouble. With `every-pair` it makes no difference. */
  readonly faults: 'one' | 'two';
  readonly interferes?: Interference;
}

export interface Interference {
  /** Each time a worker comes there. */
  readonly at: Point;
  readonly does: 'cancel' | (() => Error);
  /** Not for the first worker: the world changes while it is away, and it still acts on what it saw. */
  readonly isLater?: boolean;
}

/** What runs happen on: a log, as so many processes see it. */
export interface CrashEnvironment {
  readonly logs: readonly [SagaLog, ...SagaLog[]];
  readonly clock: Clock;
  /** Makes the saga due, and the lease on it run out. */
  expire(id: SagaId): Promise<void>;
  /** Drives a run with its wake-ups on their way over a real queue. Missing: no death is run that way. */
  readonly overQueue?: (run: RunUnderWay) => Promise<SagaRecord>;
}
