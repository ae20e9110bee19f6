// What a step gets to work with, made from the record that the next command was decided on.

import type { SagaDefinition, StepCall } from '../definition.ts';
import type { Json } from '../json.ts';
import type { SagaRecord } from '../log/record.ts';
import { FIRST_EPOCH } from '../log/saga-log.ts';
import type { StepState } from '../machine/state.ts';
import type { Clock } from './clock.ts';

export interface CommandContext {
  readonly definition: SagaDefinition;
  readonly record: SagaRecord;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly fence: () => Promise<void>;
  readonly fencedWrite: () => Promise<void>;
}

/**
 * @param signal of the one attempt that the call is for. Once it has fired no caller waits for the attempt any more,
 * and the saga may have begun to compensate since under the same claim: its fences let nothing more pass (I6).
 */
export function callOf(context: CommandContext, index: number, signal: AbortSignal): StepCall {
  const { record, clock } = context;
  const { steps, startedAtMs, choice } = record.state;
  const state = stateAt(context, index);
  return {
    sagaId: record.id,
    epoch: record.epoch,
    idempotencyKey: `${record.id}/${state.name}`,
    attempt: state.attempts,
    isRepeat: isRepeat(record, state),
    input: record.input,
    capture: state.capture,
    captures: pick(steps, (step) => step.capture),
    results: pick(steps, (step) => step.value),
    startedAtMs,
    ...(choice === undefined ? {} : { choice }),
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    signal,
    fence: whileAwaited(context.fence, signal),
    fencedWrite: whileAwaited(context.fencedWrite, signal),
  };
}

// A failed attempt leaves its error, one that waited what it has done; an outage counts no attempt.
function isRepeat({ epoch }: SagaRecord, { attempts, error, value }: StepState): boolean {
  return epoch !== FIRST_EPOCH || attempts !== 1 || error !== null || value !== null;
}

function whileAwaited(fence: () => Promise<void>, signal: AbortSignal) {
  return async () => {
    await fence();
    signal.throwIfAborted();
  };
}

function pick(steps: readonly StepState[], read: (step: StepState) => Json | null) {
  const picked: Record<string, Json> = {};
  for (const step of steps) {
    const value = read(step);
    if (value !== null) picked[step.name] = value;
  }
  return picked;
}

export function stateAt({ record }: CommandContext, index: number): StepState {
  const state = record.state.steps[index];
  if (state === undefined) throw new RangeError(`no step ${index} in saga ${record.id}`);
  return state;
}
