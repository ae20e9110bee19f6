// ON_STOP_FAILURE: what happens when the bot cannot be stopped, or its pool entry not be written, in time.
// The time counts from the first attempt to reach Docker or the file, open circuits and captures included.

import { assertNever } from '../domain/assert-never.ts';
import type { StepCall, StepDeadline, StepResult } from '../saga/definition.ts';
import { HoldError, TerminalError } from '../saga/errors.ts';
import type { Json } from '../saga/json.ts';
import { readInput } from './delete-bot-input.ts';

/** @param what names the failure: the warning's code, and in capitals the error's. */
export function stopDeadline(what: string): StepDeadline<Json> {
  return {
    at: deadlineOf,
    expired: async (call: StepCall, lastError: string | null) => giveUp(call, what, lastError),
  };
}

/** Database time, ms; null before the saga has reached out for the first time. */
export function deadlineOf(call: StepCall): number | null {
  const { stopTimeoutMs } = readInput(call.input);
  return call.startedAtMs === null ? null : call.startedAtMs + stopTimeoutMs;
}

/** @throws TerminalError (restore) or HoldError (hold); returns the warning to go on with (refund). */
export function giveUp(call: StepCall, what: string, lastError: string | null): StepResult {
  const { onStopFailure, stopTimeoutMs } = readInput(call.input);
  const message = `${lastError ?? 'no answer'} (given up after ${stopTimeoutMs} ms)`;
  const code = what.replaceAll('-', '_').toUpperCase();
  switch (onStopFailure) {
    case 'refund':
      return { value: { gaveUp: true }, warnings: [{ code: what, message }] };
    case 'restore':
      throw new TerminalError(code, message);
    case 'hold':
      throw new HoldError(code, message);
    default:
      return assertNever(onStopFailure);
  }
}
