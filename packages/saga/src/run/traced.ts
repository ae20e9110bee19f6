// The engine's operations as spans: the name of each, and which part of its outcome may be reported.

import { FencedError, InterruptedError } from '../errors.ts';
import type { Command, SagaEvent } from '../machine/events.ts';
import { execute } from './execute.ts';
import { toFailure } from './failure.ts';
import { type CommandContext, stateAt } from './step-call.ts';
import type { Attempt, Span, SpanOutcome, Tracer } from './tracer.ts';

/** One command of the machine under a span of its own; see `execute`. */
export function executeTraced(
  tracer: Tracer | undefined,
  command: Exclude<Command, { type: 'rest' }>,
  context: CommandContext,
): Promise<SagaEvent> {
  // To begin is to write down, not to do.
  if (command.type === 'begin') return execute(command, context);
  const span = tracer?.attempt(attemptOf(command, context));
  return traced(span, () => execute(command, context), outcomeOfEvent);
}

/** Work under a span of its own, if there is one, which ends with the outcome. */
export async function traced<T>(
  span: Span | undefined,
  work: () => Promise<T>,
  outcomeOf: (result: T) => SpanOutcome,
): Promise<T> {
  if (span === undefined) return work();
  try {
    const result = await span.within(work);
    span.end(outcomeOf(result));
    return result;
  } catch (error) {
    span.end(outcomeOfError(error));
    throw error;
  }
}

function attemptOf(
  command: Exclude<Command, { type: 'rest' | 'begin' }>,
  context: CommandContext,
): Attempt {
  const saga = context.record;
  const doing = command.type;
  if (!('step' in command)) return { saga, doing, step: null, attempt: 0 };
  const { name, attempts, compensations } = stateAt(context, command.step);
  return { saga, doing, step: name, attempt: doing === 'compensate' ? compensations : attempts };
}

function outcomeOfEvent(event: SagaEvent): SpanOutcome {
  if ('failure' in event) return { outcome: 'failed', errorCode: event.failure.code };
  return { outcome: 'observed' in event ? event.observed.outcome : event.type, errorCode: null };
}

function outcomeOfError(error: unknown): SpanOutcome {
  if (error instanceof InterruptedError)
    return { outcome: 'interrupted', errorCode: 'INTERRUPTED' };
  const { code } = toFailure(error);
  return { outcome: error instanceof FencedError ? 'fenced' : 'failed', errorCode: code };
}
