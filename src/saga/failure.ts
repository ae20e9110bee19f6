// From whatever a step threw to what the machine decides on and what people read of it.

import {
  HoldError,
  InDoubtError,
  RetryableError,
  SagaError,
  TerminalError,
  UnavailableError,
} from './errors.ts';
import type { StepFailure } from './state.ts';

/** An error message may quote a whole document; the log keeps this much of it, in characters. */
const MESSAGE_LIMIT = 500;

export function toFailure(error: unknown): StepFailure {
  if (error instanceof SagaError) {
    return { class: classOf(error), code: error.code, message: shorten(error.message) };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { class: 'retryable', code: 'UNEXPECTED', message: shorten(message) };
}

/** How long the thrower asked to wait before the next attempt, in milliseconds. */
export function askedDelayMs(error: unknown): number {
  return error instanceof RetryableError ? (error.retryAfterMs ?? 0) : 0;
}

function classOf(error: SagaError): StepFailure['class'] {
  if (error instanceof TerminalError) return 'terminal';
  if (error instanceof HoldError) return 'hold';
  if (error instanceof UnavailableError) return 'unavailable';
  if (error instanceof InDoubtError) return 'in-doubt';
  return 'retryable';
}

function shorten(text: string): string {
  return text.length <= MESSAGE_LIMIT ? text : `${text.slice(0, MESSAGE_LIMIT - 1)}…`;
}
