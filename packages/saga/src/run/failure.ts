// Turns what a step threw into what the machine decides on and what people read.

import {
  HoldError,
  InDoubtError,
  RetryableError,
  SagaError,
  TerminalError,
  UnavailableError,
} from '../errors.ts';
import type { StepFailure } from '../machine/state.ts';
import { redact } from '../redact.ts';

/** An error message may quote a whole document; the log keeps this much of it, in characters. */
const MESSAGE_LIMIT = 500;

export function toFailure(error: unknown): StepFailure {
  if (error instanceof SagaError) {
    return {
      class: classOf(error),
      code: String(error.code),
      message: redact(error.message, MESSAGE_LIMIT),
    };
  }
  return { class: 'retryable', code: 'UNEXPECTED', message: redact(textOf(error), MESSAGE_LIMIT) };
}

/** What was thrown, unless it cannot even be looked at (a proxy, a getter that throws): what it means is decided in many
 * places, and none of them may fail by it. */
export function readable(thrown: unknown): unknown {
  try {
    if (thrown instanceof Error) String(thrown.message);
    return thrown;
  } catch {
    return new Error('what was thrown cannot be read');
  }
}

/** A header that was misread must not put the next attempt off for ever. */
const MAX_DEMANDED_MS = 86_400_000;

/** The delay before the next attempt that the thrown error demands, in milliseconds. */
export function demandedDelayMs(error: unknown): number {
  const ms = error instanceof RetryableError ? Number(error.retryAfterMs ?? 0) : 0;
  return Number.isNaN(ms) ? 0 : Math.min(ms, MAX_DEMANDED_MS);
}

function classOf(error: SagaError): StepFailure['class'] {
  if (error instanceof TerminalError) return 'terminal';
  if (error instanceof HoldError) return 'hold';
  if (error instanceof UnavailableError) return 'unavailable';
  if (error instanceof InDoubtError) return 'in-doubt';
  return 'retryable';
}

function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    // What has no text of its own must not replace the failure it stands for.
    return `something of type ${typeof thrown}`;
  }
}
