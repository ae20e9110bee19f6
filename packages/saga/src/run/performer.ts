// Carries out one command of the machine in the world and turns what came of it into an event. Holds no
// decision: what an outcome means is the machine's business.

import { assertNever } from '../assert-never.ts';
import type {
  CompensatableStep,
  Observation,
  RetryPolicy,
  StepDefinition,
  StepResult,
} from '../definition.ts';
import {
  FencedError,
  HoldError,
  InDoubtError,
  InterruptedError,
  UnavailableError,
} from '../errors.ts';
import type { Command, SagaEvent } from '../machine/events.ts';
import type { StepState } from '../machine/state.ts';
import { backoffMs, outageDelayMs } from './backoff.ts';
import { withDeadline } from './deadline.ts';
import { askedDelayMs, toFailure } from './failure.ts';
import { callOf, type Performance, stateAt, withStart } from './step-call.ts';

/** The captures are reads; a source that takes longer is unknown for now and asked again by its step. */
const CAPTURE_TIMEOUT_MS = 3_000;

/** For a step that the deadline has passed before its first attempt, because its worker was away or the
 * steps before it used the time up: giving up unseen what would have worked at once helps nobody. */
const LATE_ATTEMPT_MS = 2_000;

/** @throws FencedError when another worker owns the saga; InterruptedError when the signal aborted. */
export async function perform(
  command: Exclude<Command, { type: 'rest' }>,
  scene: Performance,
): Promise<SagaEvent> {
  switch (command.type) {
    case 'fence':
      return fenceEffects(scene);
    case 'capture-all':
      return captureAll(scene);
    case 'capture':
      return captureOne(scene, command.step);
    case 'begin':
      return { type: 'begun', step: command.step };
    case 'run':
      return run(scene, command.step);
    case 'observe':
      return observe(scene, command.step);
    case 'abort':
      return abort(scene, command.step);
    case 'compensate':
      return compensate(scene, command.step);
    default:
      return assertNever(command);
  }
}

async function fenceEffects(scene: Performance): Promise<SagaEvent> {
  const { definition, record } = scene;
  const step = definition.steps[record.state.cursor] ?? definition.steps[0];
  if (definition.fenceEffects === undefined || step === undefined)
    return { type: 'effects-fenced' };
  await bounded(scene, step.timeoutMs, (signal) =>
    Promise.resolve(definition.fenceEffects?.(callOf(scene, record.state.cursor, signal))),
  );
  return { type: 'effects-fenced' };
}

async function captureAll(scene: Performance): Promise<SagaEvent> {
  const atMs = scene.clock.nowMs();
  const started = { ...scene, record: withStart(scene.record, atMs) };
  const captures = await Promise.all(
    scene.definition.steps.map((step, index) =>
      step.kind === 'compensatable' ? captureOrNull(started, step, index) : null,
    ),
  );
  return { type: 'captured-all', captures, atMs };
}

// Null is "not known yet", never "nothing there": the step's own capture asks again before its first effect.
async function captureOrNull(scene: Performance, step: CompensatableStep, index: number) {
  try {
    return await bounded(scene, CAPTURE_TIMEOUT_MS, (signal) =>
      step.capture(callOf(scene, index, signal)),
    );
  } catch (error) {
    if (error instanceof FencedError || error instanceof InterruptedError) throw error;
    return null;
  }
}

async function captureOne(scene: Performance, index: number): Promise<SagaEvent> {
  const step = compensatableAt(scene, index);
  return settle(scene, index, async (signal) => {
    const capture = await step.capture(callOf(scene, index, signal));
    if (capture === null) {
      throw new UnavailableError('CAPTURE_UNKNOWN', `${step.name}: its state cannot be read now`);
    }
    return { type: 'captured', step: index, capture };
  });
}

async function run(scene: Performance, index: number): Promise<SagaEvent> {
  const step = stepAt(scene, index);
  return settle(scene, index, async (signal) =>
    succeeded(scene, index, await step.run(callOf(scene, index, signal))),
  );
}

async function observe(scene: Performance, index: number): Promise<SagaEvent> {
  const step = stepAt(scene, index);
  return settle(scene, index, async (signal) => {
    const seen = await observation(() => step.observe?.(callOf(scene, index, signal)));
    return { type: 'observed', step: index, seen, ...nextTry(scene, step, stateAt(scene, index)) };
  });
}

async function abort(scene: Performance, index: number): Promise<SagaEvent> {
  const step = stepAt(scene, index);
  if (step.kind !== 'pivot') throw new RangeError(`step ${step.name} is not a pivot`);
  return settle(scene, index, async (signal) => {
    const seen = await observation(() => step.abort(callOf(scene, index, signal)));
    return { type: 'aborted', step: index, seen, ...nextTry(scene, step, stateAt(scene, index)) };
  });
}

async function compensate(scene: Performance, index: number): Promise<SagaEvent> {
  const step = compensatableAt(scene, index);
  const { compensations } = stateAt(scene, index);
  try {
    const result = await bounded(scene, step.timeoutMs, (signal) =>
      step.compensate(callOf(scene, index, signal)),
    );
    const { warnings = [] } = result ?? {};
    return { type: 'compensated', step: index, warnings, atMs: scene.clock.nowMs() };
  } catch (error) {
    rethrowIfOver(error);
    const tried = { attempts: compensations, unknowns: 0 };
    const delayMs = delayAfter(error, step.compensateRetry, tried, scene.random());
    const atMs = scene.clock.nowMs();
    return {
      type: 'compensation-failed',
      step: index,
      failure: toFailure(error),
      atMs,
      retryAtMs: atMs + delayMs,
    };
  }
}

// Runs one forward action of a step: before the step's deadline as asked, after it as the deadline's policy
// decides, but never without having tried at all. Every error becomes an event. An abort has no deadline: the pivot
// is given up already, perhaps for having missed it, and only the world can say whether it had landed.
async function settle(
  scene: Performance,
  index: number,
  action: (signal: AbortSignal) => Promise<SagaEvent>,
): Promise<SagaEvent> {
  const step = stepAt(scene, index);
  const state = stateAt(scene, index);
  let deadlineMs: number | null = null;
  let leftMs = Number.POSITIVE_INFINITY;
  let isExpired = false;
  const deadline = state.status === 'aborting' ? undefined : step.deadline;
  try {
    deadlineMs = deadline?.at(callOf(scene, index, scene.signal)) ?? null;
    if (deadlineMs !== null) leftMs = deadlineMs - scene.clock.nowMs();
    isExpired = leftMs <= 0 && state.error !== null;
    if (isExpired) return await expire(scene, index);
    const latestEndMs = leftMs <= 0 ? LATE_ATTEMPT_MS : leftMs;
    return await bounded(scene, Math.min(step.timeoutMs, latestEndMs), action);
  } catch (error) {
    rethrowIfOver(error);
    const atMs = scene.clock.nowMs();
    const failure = toFailure(error);
    // An effect in doubt for the first time is observed at once.
    const isFirstDoubt = failure.class === 'in-doubt' && state.status === 'running';
    const delayMs = isFirstDoubt ? 0 : delayAfter(error, step.retry, state, scene.random());
    const latestMs = isExpired ? null : deadlineMs;
    const retryAtMs = Math.min(atMs + delayMs, latestMs ?? Number.MAX_SAFE_INTEGER);
    return { type: 'failed', step: index, failure, atMs, retryAtMs };
  }
}

async function expire(scene: Performance, index: number): Promise<SagaEvent> {
  const { deadline, timeoutMs } = stepAt(scene, index);
  if (deadline === undefined) throw new RangeError('a step without a deadline cannot expire');
  const result = await bounded(scene, timeoutMs, (signal) =>
    deadline.expired(callOf(scene, index, signal), stateAt(scene, index).error?.message ?? null),
  );
  return succeeded(scene, index, result);
}

function succeeded(scene: Performance, step: number, result: StepResult): SagaEvent {
  const { value = null, warnings = [], waitUntilMs: untilMs } = result;
  const atMs = scene.clock.nowMs();
  return untilMs === undefined
    ? { type: 'succeeded', step, value, warnings, atMs }
    : { type: 'postponed', step, value, untilMs, atMs };
}

// An observation that fails has told nothing: only an outage (which burns no budget) and a call for a
// person pass as what they are.
async function observation(ask: () => Promise<Observation> | undefined): Promise<Observation> {
  try {
    return (await ask()) ?? { outcome: 'absent' };
  } catch (error) {
    if (error instanceof FencedError) throw error;
    if (error instanceof UnavailableError || error instanceof HoldError) throw error;
    return { outcome: 'unknown', reason: toFailure(error).message };
  }
}

function nextTry(scene: Performance, step: StepDefinition, tried: Tried) {
  const atMs = scene.clock.nowMs();
  return { atMs, retryAtMs: atMs + delayAfter(null, step.retry, tried, scene.random()) };
}

type Tried = Pick<StepState, 'attempts' | 'unknowns'>;

function delayAfter(
  error: unknown,
  policy: RetryPolicy,
  { attempts, unknowns }: Tried,
  random: number,
): number {
  const attempt = Math.max(attempts, unknowns, 1);
  const ownMs =
    error instanceof UnavailableError ? outageDelayMs(random) : backoffMs(policy, attempt, random);
  return Math.max(ownMs, askedDelayMs(error));
}

async function bounded<T>(
  scene: Performance,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline(work, {
    ms,
    signal: scene.signal,
    late: (why) =>
      why === 'aborted'
        ? new InterruptedError('the worker is stopping')
        : new InDoubtError('TIMEOUT', `no answer within ${Math.round(ms)} ms`),
  });
}

function rethrowIfOver(error: unknown): void {
  if (error instanceof FencedError || error instanceof InterruptedError) throw error;
}

function compensatableAt(scene: Performance, index: number): CompensatableStep {
  const step = stepAt(scene, index);
  if (step.kind !== 'compensatable') throw new RangeError(`step ${step.name} has nothing to undo`);
  return step;
}

function stepAt({ definition }: Performance, index: number): StepDefinition {
  const step = definition.steps[index];
  if (step === undefined) throw new RangeError(`no step ${index} in ${definition.name}`);
  return step;
}
