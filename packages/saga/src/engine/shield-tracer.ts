// A tracer as the engine uses it: none of its calls throws, so that no saga stands still because its spans cannot be sent
// (I10), and work is done once, whatever a span does around it.

import type { Span, SpanOutcome, Tracer } from '../run/tracer.ts';

/** @param failed gets what the tracer threw. */
export function shieldTracer(tracer: Tracer, failed: (error: unknown) => void): Tracer {
  function safely<T>(ask: () => T, instead: T): T {
    try {
      return ask();
    } catch (error) {
      failed(error);
      return instead;
    }
  }
  const shielded = (span: Span): Span => ({
    within: (work) => within(span, work, failed),
    end: (outcome: SpanOutcome) => safely(() => span.end(outcome), undefined),
  });
  return {
    acceptance: (saga) => {
      const span = safely(() => tracer.acceptance(saga), NO_SPAN);
      return { ...shielded(span), traceparent: span.traceparent };
    },
    claimed: (saga, tookMs) => safely(() => tracer.claimed(saga, tookMs), undefined),
    attempt: (attempt) => shielded(safely(() => tracer.attempt(attempt), NO_SPAN)),
  };
}

/** An empty trace context begins a trace of its own. */
const NO_SPAN = {
  within: <T>(work: () => T) => work(),
  end: () => undefined,
  traceparent: '',
};

function within<T>(span: Span, work: () => T, failed: (error: unknown) => void): T {
  let done: { readonly value: T } | { readonly thrown: unknown } | undefined;
  try {
    span.within(() => {
      done = resultOf(work);
    });
  } catch (error) {
    failed(error);
  }
  done ??= resultOf(work);
  if ('thrown' in done) throw done.thrown;
  return done.value;
}

function resultOf<T>(work: () => T) {
  try {
    return { value: work() };
  } catch (thrown) {
    return { thrown };
  }
}
