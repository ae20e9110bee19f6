// What `run` may return instead of its plain result. A plain value is the result, and no value is none; only what a value
// cannot express has a helper: that something was left undone (`withWarnings`), and that the step is not done yet
// (`waitUntil`).

import type { StepResult, Warning } from '../definition.ts';
import type { Json } from '../json.ts';

/** Shared by all copies of this package in one process. */
const OUTCOME: unique symbol = Symbol.for('@reclaim/saga/outcome');

export interface WithWarnings<Value> {
  readonly [OUTCOME]: 'done';
  readonly value: Value;
  readonly warnings: readonly Warning[];
}

export interface Waiting {
  readonly [OUTCOME]: 'waiting';
  readonly untilMs: number;
  readonly progress: Json;
}

/** The step is done, and the saga's end names these warnings. */
export function withWarnings<Value>(
  value: Value,
  warnings: readonly Warning[],
): WithWarnings<Value> {
  return { [OUTCOME]: 'done', value, warnings };
}

/** The step is not done, and nothing has failed: `run` is called again at that moment, or when a child has ended. The saga
 * sleeps meanwhile, keeps no worker busy, and burns no budget.
 * @param untilMs database time, as `context.nowMs()` gives it
 * @param progress what the next call of `run` finds as `context.progress` */
export function waitUntil(untilMs: number, progress: Json = null): Waiting {
  return { [OUTCOME]: 'waiting', untilMs, progress };
}

/** The result that later steps see, of what `run` returns. */
export type ResultOf<Returned> = Returned extends Waiting
  ? never
  : Returned extends WithWarnings<infer Value>
    ? Value
    : Returned;

export function toStepResult(returned: unknown): StepResult {
  if (isWaiting(returned)) return { value: returned.progress, waitUntilMs: returned.untilMs };
  return isWithWarnings(returned)
    ? { value: toJson(returned.value), warnings: returned.warnings }
    : { value: toJson(returned) };
}

function isWaiting(returned: unknown): returned is Waiting {
  return kindOf(returned) === 'waiting';
}

function isWithWarnings(returned: unknown): returned is WithWarnings<unknown> {
  return kindOf(returned) === 'done';
}

function kindOf(returned: unknown): unknown {
  return typeof returned === 'object' && returned !== null
    ? Reflect.get(returned, OUTCOME)
    : undefined;
}

/** `Storable` has checked it at compile time; the log refuses what it cannot hold. */
export function toJson(value: unknown): Json {
  return (value ?? null) as Json;
}
