// The state of one saga, as the pure machine (machine.ts) knows it and as the log stores it. It holds no
// clock and no randomness: moments in it were put there by the runner, in database time.

import type { Warning } from '../definition.ts';
import type { Json } from '../json.ts';
import type { StepShape } from './shape.ts';

/** `queued` until the first claim; the last three are ends; `stuck` waits for a person. */
export type Phase =
  | 'queued'
  | 'running'
  | 'compensating'
  | 'stuck'
  | 'completed'
  | 'compensated'
  | 'cancelled';

export type StepStatus =
  /** Not begun. */
  | 'pending'
  /** Begun under this claim; the effect may have happened once the runner has been away. */
  | 'running'
  /** Tried and known not to have happened; the next attempt has not begun. A saga that slept through its
   * backoff is distinguished by this from one whose worker died in an attempt. */
  | 'waiting'
  /** The outcome of the last attempt is unknown: observe before anything else. */
  | 'in-doubt'
  /** The pivot failed for good before its effect: abort it, then go back. */
  | 'aborting'
  | 'done'
  /** Best effort, given up with a warning. */
  | 'skipped'
  /** The step that made the saga compensate or get stuck. */
  | 'failed'
  | 'compensating'
  | 'compensated';

export interface StepState {
  readonly name: string;
  readonly status: StepStatus;
  /** Attempts of `run` that count against the budget. */
  readonly attempts: number;
  /** Attempts of `compensate`, with a budget of their own. */
  readonly compensations: number;
  /** Observations in a row that answered unknown. */
  readonly unknowns: number;
  readonly capture: Json | null;
  readonly value: Json | null;
  readonly error: StepFailure | null;
  /** Database time, ms; null while it has not happened. */
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

/** What a stuck saga, a log line and the job show of an error. */
export interface StepFailure {
  readonly class: 'terminal' | 'hold' | 'retryable' | 'unavailable' | 'in-doubt';
  readonly code: string;
  readonly message: string;
}

export interface SagaState {
  readonly phase: Phase;
  /** The step being worked on, forwards or backwards. */
  readonly cursor: number;
  readonly steps: readonly StepState[];
  /** A cancel was requested before the pivot; decided by one conditional write against `pivotBegun` (I6). */
  readonly cancelRequested: boolean;
  readonly pivotBegun: boolean;
  /** A claim resumed the saga: effects must be fenced before anything else. */
  readonly mustFence: boolean;
  /** When the captures were first attempted, or an operator sent the saga on again: deadlines count
   * from here. */
  readonly startedAtMs: number | null;
  /** Not before this moment (backoff, sleep), database time in ms. */
  readonly notBeforeMs: number | null;
  /** Why the saga went backwards or got stuck. */
  readonly cause: (StepFailure & { readonly step: string }) | null;
  /** Which way a stuck saga was going. */
  readonly stuckFrom: 'running' | 'compensating' | null;
  /** What an operator chose with the last retry that chose anything. */
  readonly choice?: string;
  readonly warnings: readonly Warning[];
}

/** Ended, or waiting for a person. */
export function isAtRest(phase: Phase): boolean {
  return phase === 'stuck' || isEnded(phase);
}

export function isEnded(phase: Phase): boolean {
  return phase === 'completed' || phase === 'compensated' || phase === 'cancelled';
}

/** The state that a saga is accepted in: queued, nothing captured, nothing begun.
 * @param shape only the names of its steps count. */
export function initialState(shape: {
  readonly steps: readonly Pick<StepShape, 'name'>[];
}): SagaState {
  return {
    phase: 'queued',
    cursor: 0,
    steps: shape.steps.map(({ name }) => ({ ...NEW_STEP, name })),
    cancelRequested: false,
    pivotBegun: false,
    mustFence: false,
    startedAtMs: null,
    notBeforeMs: null,
    cause: null,
    stuckFrom: null,
    warnings: [],
  };
}

const NEW_STEP: Omit<StepState, 'name'> = {
  status: 'pending',
  attempts: 0,
  compensations: 0,
  unknowns: 0,
  capture: null,
  value: null,
  error: null,
  startedAtMs: null,
  finishedAtMs: null,
};
