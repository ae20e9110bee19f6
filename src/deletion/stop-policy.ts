// ON_STOP_FAILURE: what happens when the bot cannot be stopped, or its pool entry not be written, in time.
// The time counts from the first attempt to reach Docker or the file, open circuits and captures included. A stop time of
// the owner's that is longer than usual comes on top, as far as the policy waits for one at all: a bot that closes its
// orders within the time that its owner gives it has not failed to stop.

import {
  HoldError,
  type Json,
  type StepCall,
  type StepDeadline,
  type StepResult,
  TerminalError,
} from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import { extraStopSeconds, isRemovedByStop } from '../domain/bot.ts';
import { BOT_CAPTURE } from './captures.ts';
import { readInput } from './delete-bot-input.ts';
import { STEP } from './steps/step-ports.ts';

/** @param what names the failure: the warning's code, and in capitals the error's. */
export function stopDeadline(what: string): StepDeadline<Json> {
  return {
    at: deadlineOf,
    expired: async (call: StepCall, lastError: string | null) => giveUp(call, what, lastError),
  };
}

/** Database time, ms; null before the saga has reached out for the first time. */
export function deadlineOf(call: StepCall): number | null {
  return call.startedAtMs === null ? null : call.startedAtMs + limitMs(call);
}

const NOT_TO_BE_RESTORED = 'its container is removed by its stop, so nothing could be restored';

// I6: what a stop removes cannot be put back, and the stop may still come to its end.
function isFinal({ captures }: StepCall): boolean {
  const captured = BOT_CAPTURE.readOrNull(captures[STEP.stop]);
  return captured?.observedBots.some(isRemovedByStop) ?? false;
}

function limitMs({ input, captures }: StepCall): number {
  const { stopTimeoutMs, maxStopSeconds = 0 } = readInput(input);
  const observedBots = BOT_CAPTURE.readOrNull(captures[STEP.stop])?.observedBots ?? [];
  return stopTimeoutMs + 1_000 * extraStopSeconds(observedBots, maxStopSeconds);
}

/** @throws TerminalError (restore) or HoldError (hold); returns the warning to go on with (refund). */
export function giveUp(call: StepCall, what: string, lastError: string | null): StepResult {
  const { onStopFailure } = readInput(call.input);
  const message = `${lastError ?? 'no answer'} (given up after ${limitMs(call)} ms)`;
  const code = what.replaceAll('-', '_').toUpperCase();
  switch (onStopFailure) {
    case 'refund':
      return { value: { gaveUp: true }, warnings: [{ code: what, message }] };
    case 'restore':
      if (isFinal(call)) throw new HoldError(code, `${message}; ${NOT_TO_BE_RESTORED}`);
      throw new TerminalError(code, message);
    case 'hold':
      throw new HoldError(code, message);
    default:
      return assertNever(onStopFailure);
  }
}
