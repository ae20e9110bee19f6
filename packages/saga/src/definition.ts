// What a saga is made of. A definition is data plus functions that touch the world; the engine knows
// nothing else of what it runs. I6 is a matter of shape: compensatable steps, at most one pivot, then
// retriable steps; shape.ts refuses anything else. Members that take an input are methods, so that a
// definition of a narrower input can stand in the registry beside the others. What a program may rely on in each stands where
// it writes it: define/step-options.ts.

import type { Json } from './json.ts';

/** @typeParam End what the job shows at its end. */
export interface SagaDefinition<Input extends Json = Json, End extends Json = Json> {
  readonly name: string;
  /** In-flight sagas stay on the version they began with; a change of steps is a new version. */
  readonly version: number;
  /** Unique while a saga is open: two requests with one key get one saga (I8). */
  key(input: Input): string;
  readonly steps: readonly StepDefinition<Input>[];
  /** Which queue its workers take it from: a short saga must not wait behind a long one. Default: `sagas`. */
  readonly queue?: string;
  /** Whose share of a worker's slots it takes: a user, a tenant. Many sagas of one key leave room for those of others.
   * Default: no share. Pure. */
  fairnessKey?(input: Input): string;
  /** What its ids begin with, 2 to 12 small letters. Default: `saga`. */
  readonly idPrefix?: string;
  /** Fields of the input that a list of sagas can be searched by; each has an index. */
  readonly searchBy?: readonly string[];
  /** Set for a saga that gives its key up, at any moment and at any step, to one that is more than maintenance
   * (`Sagas.preempt`). What it has done by then needs no undo. A worker that has not noticed may still have one call
   * under way, which is over this long after the saga's end. Milliseconds. */
  readonly preemptibleWithinMs?: number;
  /** A definition with it holds something outside, and must define `release` and `atRisk` too: the registration demands
   * both. */
  fenceEffects?(call: StepCall<Input>): Promise<void>;
  /** What the job shows at its end, from the results of its steps. Pure. */
  result?(facts: SagaFacts<Input>): End;
  release?(call: StepCall<Input>): Promise<void>;
  releases?(facts: SagaFacts<Input>): readonly string[];
  /** What an operator may choose besides, when a saga that is stuck for this cause is resumed; the steps read it as
   * `call.choice`. Pure. */
  choices?(cause: { readonly step: string; readonly code: string }): readonly string[];
  atRisk?(facts: SagaFacts<Input>): number;
}

export interface SagaFacts<Input extends Json> {
  readonly input: Input;
  readonly results: Readonly<Record<string, Json>>;
  readonly captures: Readonly<Record<string, Json>>;
}

export type StepDefinition<Input extends Json = Json> =
  | CompensatableStep<Input>
  | PivotStep<Input>
  | RetriableStep<Input>;

interface StepBase<Input extends Json> {
  readonly name: string;
  run(call: StepCall<Input>): Promise<StepResult>;
  observe?(call: StepCall<Input>): Promise<Observation>;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly deadline?: Deadline<StepCall<Input>, StepResult>;
}

export interface CompensatableStep<Input extends Json = Json> extends StepBase<Input> {
  readonly kind: 'compensatable';
  /** Reads the state that `compensate` restores. The captures of all compensatable steps are taken
   * together before the first effect and stored in one majority write. Null: cannot be read now; it is read again,
   * alone, right before the step's first run, which waits for it. Missing: `compensate` needs to know nothing. */
  capture?(call: StepCall<Input>): Promise<Json | null>;
  /**
   * Moves back towards the capture. Must accept a step that never ran; observes before it acts. It reports in warnings
   * what it could not restore: the saga ends compensated with them.
   */
  compensate(call: StepCall<Input>): Promise<CompensationResult | undefined>;
  canUndo?(capture: Json): boolean;
  readonly compensateRetry: RetryPolicy;
}

export interface PivotStep<Input extends Json = Json> extends StepBase<Input> {
  readonly kind: 'pivot';
  observe(call: StepCall<Input>): Promise<Observation>;
  /** Makes the effect impossible from here on, then answers whether it had landed (I6). */
  abort(call: StepCall<Input>): Promise<Observation>;
}

export interface RetriableStep<Input extends Json = Json> extends StepBase<Input> {
  readonly kind: 'retriable';
  readonly bestEffort?: boolean;
}

export type MaybePromise<T> = T | Promise<T>;

export interface Deadline<Context, Returned> {
  /** Null: not begun. Database time, milliseconds since the epoch. */
  at(context: Context): number | null;
  /** Decides instead of `run` once the moment has passed, and at once about an attempt that the moment cuts short, whose
   * fences let nothing more pass: what it returns ends the step, what it throws is handled like an error of `run`.
   * @param lastError what the attempt before it failed with; that no answer came in time, where there was none. */
  expired(context: Context, lastError: string | null): MaybePromise<Returned>;
}

export interface StepResult {
  /** Kept with the step; later steps and `result` read it. */
  readonly value?: Json;
  readonly warnings?: readonly Warning[];
  /** Not done yet, and nothing failed: run again then (database time, ms), or when a child has ended. The
   * saga sleeps and gives its slot back, no budget is burnt, and `value` is what the next run finds. */
  readonly waitUntilMs?: number;
}

export interface CompensationResult {
  readonly warnings: readonly Warning[];
}

export interface Warning {
  /** Stable, kebab-case, e.g. `pool-not-running`. */
  readonly code: string;
  readonly message: string;
}

/** What became of an effect. `unknown` is an answer too: the engine observes again, and decides nothing on it. */
export type Observed<Value> =
  | {
      readonly outcome: 'landed';
      /** The result of the step; warnings stand beside it here. */
      readonly value?: Value;
      readonly warnings?: readonly Warning[];
    }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'unknown'; readonly reason: string };

export type Observation = Observed<Json>;

export interface RetryPolicy {
  /** Attempts before the step gives up; outages do not count (UnavailableError). */
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/** Everything a step may use besides its own ports. */
export interface StepCall<Input extends Json = Json> extends SagaFacts<Input> {
  readonly sagaId: string;
  readonly epoch: number;
  /** `<sagaId>/<step>`: the same for every attempt. */
  readonly idempotencyKey: string;
  readonly attempt: number;
  /** Whether an earlier attempt of this step may have done something: under another claim, or one that failed, outages
   * included, which are no attempts of the budget. */
  readonly isRepeat: boolean;
  /** What an operator chose with the last retry that chose anything. */
  readonly choice?: string;
  /** This step's capture, or null when none was stored. */
  readonly capture: Json | null;
  readonly signal: AbortSignal;
  /** What deadlines count from: the first attempt at the captures, or an operator's retry. Database
   * time, ms; null before. */
  readonly startedAtMs: number | null;
  /** Database time in milliseconds (DatabaseClock): for deadlines, never for safety. */
  readonly nowMs: () => number;
  /** This process's monotonic clock: for the age of what was observed under this very claim. */
  readonly monotonicMs: () => number;
  /** Reads whether this worker still owns the saga; throws FencedError if not (I5), and the signal's reason once this
   * attempt was given up: the saga may have begun to compensate since. */
  readonly fence: () => Promise<void>;
  /** The same as a majority log write: for an effect that must not follow a newer claim. When it returns, the log has
   * everything that the saga has done before; throws UnavailableError where it takes too long. */
  readonly fencedWrite: () => Promise<void>;
}
