// ON_STOP_FAILURE: what happens when the bot cannot be stopped, or its pool entry not be written, in time.
// The time counts from the first attempt to reach Docker or the file, open circuits and captures included. A stop time of
// the owner's that is longer than usual comes on top, as far as the policy waits for one at all: a bot that closes its
// orders within the time that its owner gives it has not failed to stop.

import { HoldError, TerminalError, type WithWarnings, withWarnings } from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import { extraStopSeconds, isRemovedByStop } from '../domain/bot.ts';
import type { GaveUp } from './captures.ts';
import { capturedBot, type DeletionCall } from './steps/step-ports.ts';

/** @param what names the failure: the warning's code, and in capitals the error's. */
export function stopDeadline(what: string) {
  return {
    at: deadlineOf,
    expired: (call: DeletionCall, lastError: string | null) => giveUp(call, what, lastError),
  };
}

/** Database time, ms; null before the saga has reached out for the first time. */
export function deadlineOf(call: DeletionCall): number | null {
  return call.startedAtMs === null ? null : call.startedAtMs + limitMs(call);
}

const NOT_TO_BE_RESTORED = 'its container is removed by its stop, so nothing could be restored';

// I6: what a stop removes cannot be put back, and the stop may still come to its end.
function isFinal(call: DeletionCall): boolean {
  return capturedBot(call)?.observedBots.some(isRemovedByStop) ?? false;
}

function limitMs(call: DeletionCall): number {
  const { stopTimeoutMs, maxStopSeconds = 0 } = call.input;
  const observedBots = capturedBot(call)?.observedBots ?? [];
  return stopTimeoutMs + 1_000 * extraStopSeconds(observedBots, maxStopSeconds);
}

/** @throws TerminalError (restore) or HoldError (hold); returns the warning to go on with (refund). */
export function giveUp(
  call: DeletionCall,
  what: string,
  lastError: string | null,
): WithWarnings<GaveUp> {
  const { onStopFailure } = call.input;
  const message = `${lastError ?? 'no answer'} (given up after ${limitMs(call)} ms)`;
  const code = what.replaceAll('-', '_').toUpperCase();
  switch (onStopFailure) {
    case 'refund':
      return withWarnings({ gaveUp: true }, [{ code: what, message }]);
    case 'restore':
      if (isFinal(call)) throw new HoldError(code, `${message}; ${NOT_TO_BE_RESTORED}`);
      throw new TerminalError(code, message);
    case 'hold':
      throw new HoldError(code, message);
    default:
      return assertNever(onStopFailure);
  }
}
