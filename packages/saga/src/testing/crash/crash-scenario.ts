// What a definition is crashed with: the scenarios that its author writes, the servers they share, and what is to
// go wrong in one run of one of them.

import type { SagaDefinition } from '../../definition.ts';
import type { SagaRecord } from '../../log/record.ts';
import type { SagaLog } from '../../log/saga-log.ts';
import type { Clock } from '../../run/clock.ts';
import type { SagaId } from '../../saga-id.ts';
import type { SagaOrder } from '../../sagas.ts';
import type { Scene } from './crash-run.ts';
import type { Fate } from './crash-worker.ts';
import type { Point } from './points.ts';
import type { CrashPlan } from './with-crash-points.ts';

export interface CrashScenario {
  readonly title: string;
  /** How it ends when nobody dies. With a death it may end either way, but never in between. */
  readonly ends: 'done' | 'undone';
  /** Whether its recoveries are crashed too. */
  readonly faults: 'one' | 'two';
  readonly twist?: Twist;
  /** One more world that nothing else touches, with a saga to be run in it. */
  begin(): Promise<CrashCase>;
}

/** The scenario's own trouble: at this point, however often somebody comes there. */
export interface Twist {
  readonly at: Point;
  readonly does: 'cancel' | (() => Error);
  /** Not for the first worker: the world changes while it is away, and it still acts on what it saw. */
  readonly isLater?: boolean;
}

export interface CrashCase {
  readonly order: SagaOrder;
  /** The definition as one process makes it, its ports wired to the plan. */
  define(plan: CrashPlan, process: number): SagaDefinition;
  /** What stands in the world: everything done, everything as before, or what is wrong. Never asks the log. */
  look(): Promise<'done' | 'undone' | { readonly wrong: string }>;
  close(): Promise<void>;
}

/** What all runs share: the servers, as so many processes see them. */
export interface CrashGround {
  readonly logs: readonly SagaLog[];
  readonly clock: Clock;
  /** Makes the saga due, and the lease on it run out. */
  expire(id: SagaId): Promise<void>;
  /** Drives a scene with its wake-ups on their way over a real queue. Missing: no death is run that way. */
  readonly overQueue?: (scene: Scene) => Promise<SagaRecord>;
}

export interface CrashOrder {
  readonly scenario: CrashScenario;
  /** Of the first worker, the second, …; who comes after them lives. */
  readonly fates: readonly Fate[];
  /** When the dead come back. */
  readonly back: 'beside-the-next' | 'at-the-end';
  /** Who tells the next worker to come: the run itself, at once; or BullMQ, when the dead one's lock has run out. */
  readonly wakeUps: 'direct' | 'queue';
}
