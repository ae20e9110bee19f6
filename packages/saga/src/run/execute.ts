// Carries out one command of the machine in the world and turns the outcome into an event. Holds no
// decision: what an outcome means is the machine's business.

import { assertNever } from '../assert-never.ts';
import type {
  CompensatableStep,
  Observation,
  RetryPolicy,
  SagaDefinition,
  StepCall,
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
import type { Json } from '../json.ts';
import type { Command, SagaEvent } from '../machine/events.ts';
import type { StepState } from '../machine/state.ts';
import { backoffMs, outageDelayMs } from './backoff.ts';
import { isMoment } from './clock.ts';
import { withDeadline } from './deadline.ts';
import { demandedDelayMs, readable, toFailure } from './failure.ts';
import { ownCopy } from './own-copy.ts';
import { type CommandContext, callOf, stateAt } from './step-call.ts';

/** The captures are reads; a source that takes longer is unknown for now and read again by its step. */
const CAPTURE_TIMEOUT_MS = 3_000;

/** For a step whose first attempt comes after the deadline or right before it, because its worker was away or the
 * steps before it used the time up: giving up without one attempt loses what would have worked at once. */
const LATE_ATTEMPT_MS = 2_000;

/** @throws FencedError when another worker owns the saga; InterruptedError when the signal aborted. */
export async function execute(
  command: Exclude<Command, { type: 'rest' }>,
  context: CommandContext,
): Promise<SagaEvent> {
  switch (command.type) {
    case 'fence':
      return fenceEffects(context);
    case 'capture-all':
      return captureAll(context);
    case 'capture':
      return captureOne(context, command.step);
    case 'begin':
      return { type: 'begun', step: command.step };
    case 'run':
      return run(context, command.step);
    case 'observe':
      return observe(context, command.step);
    case 'abort':
      return abort(context, command.step);
    case 'compensate':
      return compensate(context, command.step);
    default:
      return assertNever(command);
  }
}

async function fenceEffects(context: CommandContext): Promise<SagaEvent> {
  const { definition, record } = context;
  if (definition.fenceEffects === undefined) return { type: 'effects-fenced' };
  const { cursor } = record.state;
  await bounded(context, stepAt(context, cursor).timeoutMs, async (signal) =>
    definition.fenceEffects?.(callOf(context, cursor, signal)),
  ).catch((thrown: unknown) => {
    throw readable(thrown);
  });
  return { type: 'effects-fenced' };
}

async function captureAll(context: CommandContext): Promise<SagaEvent> {
  const atMs = context.clock.nowMs();
  const { record } = context;
  const state = { ...record.state, startedAtMs: atMs };
  const started = { ...context, record: { ...record, state } };
  const captures = await Promise.all(
    context.definition.steps.map((step, index) =>
      step.kind === 'compensatable' ? captureOrNull(started, step, index) : null,
    ),
  );
  return { type: 'captured-all', captures, atMs };
}

/** The captures of a definition that has nothing to read for them; null where it has. */
export function capturesWithoutReading({ steps }: SagaDefinition): readonly (Json | null)[] | null {
  const captures = steps.map((step) => {
    if (step.kind !== 'compensatable') return null;
    return step.capture === undefined ? NOTHING_TO_KNOW : undefined;
  });
  return captures.every((capture) => capture !== undefined) ? captures : null;
}

/** The capture of a step whose compensation goes back to no state that could be read. */
const NOTHING_TO_KNOW = true;

async function readCapture(step: CompensatableStep, call: StepCall): Promise<Json | null> {
  if (step.capture === undefined) return NOTHING_TO_KNOW;
  return ownCopy(await step.capture(call), `the capture of ${step.name}`);
}

// Null is "not known yet", never "nothing there": the step's own capture is read again before its first effect.
async function captureOrNull(context: CommandContext, step: CompensatableStep, index: number) {
  try {
    return await bounded(context, CAPTURE_TIMEOUT_MS, (signal) =>
      readCapture(step, callOf(context, index, signal)),
    );
  } catch (thrown) {
    rethrowIfOver(readable(thrown));
    return null;
  }
}

async function captureOne(context: CommandContext, index: number): Promise<SagaEvent> {
  const step = compensatableAt(context, index);
  return settle(context, index, async (signal) => {
    const capture = await readCapture(step, callOf(context, index, signal));
    if (capture === null) {
      throw new UnavailableError('CAPTURE_UNKNOWN', `${step.name}: its state cannot be read now`);
    }
    return { type: 'captured', step: index, capture };
  });
}

async function run(context: CommandContext, index: number): Promise<SagaEvent> {
  const step = stepAt(context, index);
  return settle(context, index, async (signal) =>
    succeeded(context, index, await step.run(callOf(context, index, signal))),
  );
}

async function observe(context: CommandContext, index: number): Promise<SagaEvent> {
  const step = stepAt(context, index);
  return askWorld(context, index, 'observed', async (call) =>
    step.observe === undefined ? { outcome: 'absent' } : step.observe(call),
  );
}

async function abort(context: CommandContext, index: number): Promise<SagaEvent> {
  const step = stepAt(context, index);
  if (step.kind !== 'pivot') throw new RangeError(`step ${step.name} is not a pivot`);
  return askWorld(context, index, 'aborted', (call) => step.abort(call));
}

function askWorld(
  context: CommandContext,
  index: number,
  type: 'observed' | 'aborted',
  ask: (call: StepCall) => Promise<Observation> | undefined,
): Promise<SagaEvent> {
  const { retry } = stepAt(context, index);
  return settle(context, index, async (signal) => {
    const observed = ownValue(
      await observation(() => ask(callOf(context, index, signal))),
      resultOf(context, index),
    );
    const atMs = context.clock.nowMs();
    const delayMs = delayAfter(null, retry, stateAt(context, index), context.random());
    return { type, step: index, observed, atMs, retryAtMs: atMs + delayMs };
  });
}

async function compensate(context: CommandContext, index: number): Promise<SagaEvent> {
  const step = compensatableAt(context, index);
  const { compensations } = stateAt(context, index);
  try {
    const result = await bounded(context, step.timeoutMs, (signal) =>
      step.compensate(callOf(context, index, signal)),
    );
    const { warnings = [] } = result ?? {};
    return { type: 'compensated', step: index, warnings, atMs: context.clock.nowMs() };
  } catch (thrown) {
    const error = readable(thrown);
    rethrowIfOver(error);
    const tried = { attempts: compensations, unknowns: 0 };
    const delayMs = delayAfter(error, step.compensateRetry, tried, context.random());
    const atMs = context.clock.nowMs();
    return {
      type: 'compensation-failed',
      step: index,
      failure: toFailure(error),
      atMs,
      retryAtMs: atMs + delayMs,
    };
  }
}

// Runs one forward action of a step: before the step's deadline as defined, after it as the deadline's policy
// decides, but never without having tried at all. What the deadline cuts short is the policy's to decide at once: the
// budget may have no attempt left that would come to it. Every error becomes an event. An abort has no deadline: the pivot
// is given up already, perhaps for having missed it, and only an observation of the world can decide whether it had
// landed.
async function settle(
  context: CommandContext,
  index: number,
  action: (signal: AbortSignal) => Promise<SagaEvent>,
): Promise<SagaEvent> {
  const step = stepAt(context, index);
  const state = stateAt(context, index);
  let deadlineMs: number | null = null;
  let leftMs = Number.POSITIVE_INFINITY;
  let isExpired = false;
  const deadline = state.status === 'aborting' ? undefined : step.deadline;
  try {
    const atMs = deadline?.at(callOf(context, index, context.signal)) ?? null;
    if (Number.isNaN(Number(atMs))) throw noMoment(context, index, atMs);
    deadlineMs = atMs;
    if (deadlineMs !== null) leftMs = deadlineMs - context.clock.nowMs();
    isExpired = leftMs <= 0 && state.error !== null;
    if (isExpired) return await expire(context, index, state.error);
    const latestEndMs = state.error === null ? firstAttemptMs(context, leftMs) : leftMs;
    return await bounded(context, Math.min(step.timeoutMs, latestEndMs), action).catch((thrown) => {
      if (!(thrown instanceof CutShort) || step.timeoutMs <= latestEndMs) throw thrown;
      isExpired = true;
      return expire(context, index, state.error ?? thrown);
    });
  } catch (thrown) {
    const error = readable(thrown);
    rethrowIfOver(error);
    const atMs = context.clock.nowMs();
    const failure = toFailure(error);
    // An effect in doubt for the first time is observed at once.
    const isFirstDoubt = failure.class === 'in-doubt' && state.status === 'running';
    const delayMs = isFirstDoubt ? 0 : delayAfter(error, step.retry, state, context.random());
    const latestMs = isExpired ? null : deadlineMs;
    const retryAtMs = Math.min(atMs + delayMs, latestMs ?? Number.MAX_SAFE_INTEGER);
    return { type: 'failed', step: index, failure, atMs, retryAtMs };
  }
}

/** No longer than what was there before it: a deadline that is short by itself is kept. */
function firstAttemptMs({ record, clock }: CommandContext, leftMs: number): number {
  if (leftMs <= 0) return LATE_ATTEMPT_MS;
  const atMs = clock.nowMs();
  const spentMs = atMs - (record.state.startedAtMs ?? atMs);
  return Math.max(leftMs, Math.min(LATE_ATTEMPT_MS, spentMs));
}

async function expire(
  context: CommandContext,
  index: number,
  lastError: { readonly message: string } | null,
): Promise<SagaEvent> {
  const { deadline, timeoutMs } = stepAt(context, index);
  if (deadline === undefined) throw new RangeError('a step without a deadline cannot expire');
  const result = await bounded(context, timeoutMs, async (signal) =>
    deadline.expired(callOf(context, index, signal), lastError?.message ?? null),
  );
  return succeeded(context, index, result);
}

function succeeded(context: CommandContext, step: number, result: StepResult): SagaEvent {
  const { warnings = [], waitUntilMs: untilMs } = result;
  const value = ownCopy(result.value ?? null, resultOf(context, step));
  const atMs = context.clock.nowMs();
  if (untilMs !== undefined && !isMoment(untilMs)) throw noMoment(context, step, untilMs);
  return untilMs === undefined
    ? { type: 'succeeded', step, value, warnings, atMs }
    : { type: 'postponed', step, value, untilMs, atMs };
}

function resultOf(context: CommandContext, index: number): string {
  return `the result of ${stepAt(context, index).name}`;
}

function noMoment(context: CommandContext, index: number, given: unknown): HoldError {
  const { name } = stepAt(context, index);
  return new HoldError('NO_MOMENT', `${name} waits until ${String(given)}, which is no moment`);
}

function ownValue(observed: Observation, what: string): Observation {
  if (observed.outcome !== 'landed' || observed.value === undefined) return observed;
  return { ...observed, value: ownCopy(observed.value, what) };
}

// An observation that fails proves nothing: only an outage (which burns no budget) and a call for a
// person pass as what they are.
async function observation(ask: () => Promise<Observation> | undefined): Promise<Observation> {
  try {
    const answer = await ask();
    return isOutcome(answer) ? answer : { outcome: 'unknown', reason: 'it answered no outcome' };
  } catch (thrown) {
    const error = readable(thrown);
    if (error instanceof FencedError) throw error;
    if (error instanceof UnavailableError || error instanceof HoldError) throw error;
    return { outcome: 'unknown', reason: toFailure(error).message };
  }
}

/** An answer that is none decides nothing: what the machine does not know would fail at each wake-up, for ever (I10). */
function isOutcome(answer: Observation | undefined): answer is Observation {
  return OUTCOMES.has(Object(answer).outcome);
}

const OUTCOMES: ReadonlySet<Observation['outcome']> = new Set(['landed', 'absent', 'unknown']);

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
  return Math.max(ownMs, demandedDelayMs(error));
}

/** An attempt whose time was over. */
class CutShort extends InDoubtError {}

async function bounded<T>(
  context: CommandContext,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline(work, {
    ms,
    signal: context.signal,
    late: (why) =>
      why === 'aborted'
        ? new InterruptedError('the worker is stopping')
        : new CutShort('TIMEOUT', `no answer within ${Math.round(ms)} ms`),
  });
}

function rethrowIfOver(error: unknown): void {
  if (error instanceof FencedError || error instanceof InterruptedError) throw error;
}

function compensatableAt(context: CommandContext, index: number): CompensatableStep {
  const step = stepAt(context, index);
  if (step.kind !== 'compensatable') throw new RangeError(`step ${step.name} has nothing to undo`);
  return step;
}

function stepAt({ definition }: CommandContext, index: number): StepDefinition {
  const step = definition.steps[index];
  if (step === undefined) throw new RangeError(`no step ${index} in ${definition.name}`);
  return step;
}
