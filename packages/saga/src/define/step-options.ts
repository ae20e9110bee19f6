// What a program writes for one step, typed by the steps before it. The order inside an object matters to the compiler:
// `capture` stands before the functions that read it.

import type { TSchema } from 'typebox';
import type {
  CompensationResult,
  Deadline,
  MaybePromise,
  Observed,
  RetryPolicy,
  SagaFacts,
  StepCall,
} from '../definition.ts';
import type { Json } from '../json.ts';
import type { ResultOf } from './outcome.ts';

/** What every function of a step is called with. */
export interface StepContext<Input extends Json, Captures, Results>
  extends Omit<StepCall<Input>, 'capture' | 'captures' | 'results'> {
  /**
   * By the names of the steps before this one. A capture is read before the first effect of the saga, a compensation
   * runs on what there is by then: in both, and in the functions for the whole saga, any may be missing.
   */
  readonly captures: Captures;
  readonly results: Results;
}

export interface ActionContext<Input extends Json, Capture, Captures, Results>
  extends StepContext<Input, Captures, Results> {
  readonly capture: Capture;
}

export interface RunContext<Input extends Json, Capture, Captures, Results>
  extends ActionContext<Input, Capture, Captures, Results> {
  /** What the last `waitUntil` of this step kept; null where there was none. */
  readonly progress: Json;
}

interface Budget {
  /** Default: `RETRY` before the point of no return and in best effort, `PATIENT_RETRY` from the pivot on. */
  readonly retry?: RetryPolicy;
  /** Longest one attempt may take; after it the outcome is in doubt. Default: `TIMEOUT_MS`. */
  readonly timeoutMs?: number;
  /** What `run` returned, as later steps and a newer program must find it in the log. A value that does not fit stops the
   * saga for a person instead of moving money by a misread document. */
  readonly resultSchema?: TSchema;
}

export interface CompensatableOptions<Input extends Json, Captures, Results, Capture, Returned>
  extends Budget {
  /** Reads the state that `compensate` goes back to. It is stored before the first effect of the saga. Null: it cannot be
   * read now, and is read again before this step runs. Missing: `compensate` needs to know nothing. */
  readonly capture?: (
    context: StepContext<Input, Partial<Captures>, Partial<Results>>,
  ) => MaybePromise<Capture | null>;
  /** Like `resultSchema`, for the capture. */
  readonly captureSchema?: TSchema;
  /** Does the one action of the step. It must be repeatable under one `idempotencyKey`. */
  readonly run: (
    context: RunContext<Input, NoInfer<Capture>, Captures, Results>,
  ) => MaybePromise<Returned>;
  /** Moves back towards the capture. It must accept a step that never ran, and a `run` that still lands late. */
  readonly compensate: (
    context: ActionContext<Input, NoInfer<Capture>, Partial<Captures>, Partial<Results>>,
    // biome-ignore lint/suspicious/noConfusingVoidType: most compensations return nothing
  ) => MaybePromise<CompensationResult | undefined | void>;
  /** Observes what became of a run whose outcome is in doubt. Default: `run` is repeated. */
  readonly observe?: (
    context: ActionContext<Input, NoInfer<Capture>, Captures, Results>,
  ) => MaybePromise<Observed<NoInfer<ResultOf<Returned>>>>;
  /** Whether `compensate` can lead back to this capture at all. Where it cannot, no cancel is taken once the step has begun.
   * Pure. Default: it can. */
  readonly canUndo?: (capture: NoInfer<Capture>) => boolean;
  /** Default: `PATIENT_RETRY`. */
  readonly compensateRetry?: RetryPolicy;
  readonly deadline?: Deadline<
    ActionContext<Input, NoInfer<Capture> | null, Partial<Captures>, Partial<Results>>,
    NoInfer<Returned>
  >;
}

export interface PivotOptions<Input extends Json, Captures, Results, Returned> extends Budget {
  /** Does what cannot be undone. It must be repeatable under one `idempotencyKey`. A TerminalError means that this call has
   * not done it and never will. */
  readonly run: (context: RunContext<Input, null, Captures, Results>) => MaybePromise<Returned>;
  /** Observes whether the effect has happened. `absent` is no promise that an earlier attempt cannot land any more. */
  readonly observe: (
    context: ActionContext<Input, null, Captures, Results>,
  ) => MaybePromise<Observed<NoInfer<ResultOf<Returned>>>>;
  /** Makes the effect impossible from here on, then answers whether it had happened: after `absent` the saga
   * compensates. Without it the engine cannot rule out that an earlier attempt lands late. So a pivot that fails for
   * good goes back only where its first attempt was the only one and failed with a `TerminalError`, and `observe`
   * answers absent. In every other case the saga is stuck (ABORT_MISSING) until a person retries it or, with the
   * choice `go-back`, vouches that nothing will land. */
  readonly abort?: (
    context: ActionContext<Input, null, Captures, Results>,
  ) => MaybePromise<Observed<NoInfer<ResultOf<Returned>>>>;
  /** Only together with `abort`: an attempt under way when the time is over must not land after the saga has gone back. */
  readonly deadline?: Deadline<ActionContext<Input, null, Captures, Results>, NoInfer<Returned>>;
}

export interface RetriableOptions<
  Input extends Json,
  Captures,
  Results,
  Returned,
  BestEffort extends boolean,
> extends Budget {
  /** Does the one action of the step. It must be repeatable under one `idempotencyKey`. */
  readonly run: (context: RunContext<Input, null, Captures, Results>) => MaybePromise<Returned>;
  /** Observes what became of a run whose outcome is in doubt. Default: `run` is repeated. */
  readonly observe?: (
    context: ActionContext<Input, null, Captures, Results>,
  ) => MaybePromise<Observed<NoInfer<ResultOf<Returned>>>>;
  /** When the step cannot be done, the saga ends with a warning instead of standing still. */
  readonly bestEffort?: BestEffort;
}

/** For a saga that holds something in the outside world from its first effect to its end: a lock, a reservation. */
export interface HoldOptions<Input extends Json, Captures, Results> {
  /** Raises the epoch in the outside world, so that a worker that was replaced is refused there. Called after each claim that
   * resumes a saga, before anything else. Repeatable. An outage is waited for; a HoldError or TerminalError makes the saga
   * stuck. */
  readonly fenceEffects?: (
    context: StepContext<Input, Partial<Captures>, Partial<Results>>,
  ) => MaybePromise<void>;
  /** Gives it back once an operator has ended the saga. Repeatable. */
  readonly release: (
    context: StepContext<Input, Partial<Captures>, Partial<Results>>,
  ) => MaybePromise<void>;
  /** What `release` gives back, and what it leaves as it is: a line each, for the plan of an operator. Pure. */
  readonly releases?: (facts: TypedFacts<Input, Captures, Results>) => readonly string[];
  /** How much is locked up while the saga does not end, in a unit of the definition's own. Pure. */
  readonly atRisk: (facts: TypedFacts<Input, Captures, Results>) => number;
}

export interface TypedFacts<Input extends Json, Captures, Results>
  extends Omit<SagaFacts<Input>, 'captures' | 'results'> {
  readonly captures: Partial<Captures>;
  readonly results: Partial<Results>;
}
