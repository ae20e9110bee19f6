// From the options of one step to the step that the engine runs: the defaults filled in, each function behind the adapter
// that types its call.

import type {
  CompensatableStep,
  Deadline,
  MaybePromise,
  Observation,
  Observed,
  PivotStep,
  RetriableStep,
  RetryPolicy,
  StepCall,
  StepResult,
} from '../definition.ts';
import type { Json } from '../json.ts';
import { abortByObserving } from './abort-missing.ts';
import { toJson, toStepResult } from './outcome.ts';
import type { CompensatableOptions, PivotOptions, RetriableOptions } from './step-options.ts';
import { captureOf, contextOf, type Readers } from './typed-call.ts';

// What a step does when its definition sets nothing else. Outages count against none of these budgets: a service that
// is known to be away is waited for (UnavailableError).

/** Before the point of no return. Giving up costs an undo, and the caller of a request waits for the answer: some ten
 * seconds of trying, enough for a restarted connection or a moment of overload. */
export const RETRY: RetryPolicy = { attempts: 5, baseMs: 200, capMs: 5_000 };

/** At and after the point of no return, and in compensations. Giving up costs a person: about ten minutes of trying,
 * enough for a deployment or a failover of the service that is called. */
export const PATIENT_RETRY: RetryPolicy = { attempts: 50, baseMs: 200, capMs: 30_000 };

/** Longest attempt. Shorter than the lease of a worker (30 s), so that an attempt that hangs is in doubt, and observed,
 * before another worker could have any reason to claim the saga. */
export const TIMEOUT_MS = 10_000;

export function compensatableStep<Input extends Json, Captures, Results, Capture, Returned>(
  name: string,
  options: CompensatableOptions<Input, Captures, Results, Capture, Returned>,
  readers: Readers,
): CompensatableStep<Input> {
  const { retry = RETRY, timeoutMs = TIMEOUT_MS, compensateRetry = PATIENT_RETRY } = options;
  const { capture, observe, canUndo, deadline } = options;
  const at = typing<Input>(name, readers);
  return {
    ...{ kind: 'compensatable', name, retry, timeoutMs, compensateRetry },
    run: async (call) => toStepResult(await options.run(at(call))),
    compensate: async (call) => (await options.compensate(at(call))) ?? undefined,
    ...(capture !== undefined && {
      capture: async (call: StepCall<Input>) => toJson(await capture(at(call))),
    }),
    ...(observe !== undefined && { observe: observing(observe, at) }),
    ...(deadline !== undefined && { deadline: expiring(deadline, at) }),
    ...(canUndo !== undefined && {
      canUndo: (capture: Json) => canUndo(captureOf(capture, name, readers)),
    }),
  };
}

export function pivotStep<Input extends Json, Captures, Results, Returned>(
  name: string,
  options: PivotOptions<Input, Captures, Results, Returned>,
  readers: Readers,
): PivotStep<Input> {
  const { retry = PATIENT_RETRY, timeoutMs = TIMEOUT_MS, deadline } = options;
  if (deadline !== undefined && options.abort === undefined) {
    throw new Error(`${name} has a deadline and no abort: an attempt under way could land late`);
  }
  const at = typing<Input>(name, readers);
  const observe = observing(options.observe, at);
  return {
    ...{ kind: 'pivot', name, retry, timeoutMs, observe },
    run: async (call) => toStepResult(await options.run(at(call))),
    abort:
      options.abort === undefined
        ? (call) => abortByObserving(name, observe, call)
        : observing(options.abort, at),
    ...(deadline !== undefined && { deadline: expiring(deadline, at) }),
  };
}

export function retriableStep<Input extends Json, Captures, Results, Returned>(
  name: string,
  options: RetriableOptions<Input, Captures, Results, Returned, boolean>,
  readers: Readers,
): RetriableStep<Input> {
  const { bestEffort = false, timeoutMs = TIMEOUT_MS, observe } = options;
  const { retry = bestEffort ? RETRY : PATIENT_RETRY } = options;
  const at = typing<Input>(name, readers);
  return {
    ...{ kind: 'retriable', name, retry, timeoutMs, bestEffort },
    run: async (call) => toStepResult(await options.run(at(call))),
    ...(observe !== undefined && { observe: observing(observe, at) }),
  };
}

type Typing<Input extends Json> = <Context>(call: StepCall<Input>) => Context;

function typing<Input extends Json>(name: string, readers: Readers): Typing<Input> {
  return (call) => contextOf(call, name, readers);
}

function observing<Input extends Json, Context>(
  observe: (context: Context) => MaybePromise<Observed<unknown>>,
  at: Typing<Input>,
): (call: StepCall<Input>) => Promise<Observation> {
  return async (call) => {
    const observed = await observe(at(call));
    return observed.outcome === 'landed'
      ? { ...observed, value: toJson(observed.value) }
      : observed;
  };
}

function expiring<Input extends Json, Context>(
  deadline: Deadline<Context, unknown>,
  at: Typing<Input>,
): Deadline<StepCall<Input>, StepResult> {
  return {
    at: (call) => deadline.at(at(call)),
    expired: async (call, lastError) => toStepResult(await deadline.expired(at(call), lastError)),
  };
}
