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
      code: error.code,
      message: redact(error.message, MESSAGE_LIMIT),
    };
  }
  return { class: 'retryable', code: 'UNEXPECTED', message: redact(textOf(error), MESSAGE_LIMIT) };
}

/** The delay before the next attempt that the thrown error demands, in milliseconds. */
export function demandedDelayMs(error: unknown): number {
  return error instanceof RetryableError ? (error.retryAfterMs ?? 0) : 0;
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
