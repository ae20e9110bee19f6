// The engine's tracer on OpenTelemetry. All spans of a saga stand directly under its acceptance, whichever worker runs
// them: that one was exported when the saga was accepted, while a span around a worker's whole run would be lost with a
// worker that dies, and its children would stand under nothing.

import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { Attempt, SpanOutcome, TracedSaga, Tracer } from '../run/tracer.ts';
import type { OpenSpan, Spans } from './spans.ts';

export function createOtelTracer(spans: Spans): Tracer {
  return {
    acceptance: (saga) => {
      const name = `accept ${saga.kind}`;
      const attributes = identify(saga);
      const span = spans.underCurrent({ name, kind: SpanKind.INTERNAL, attributes });
      return { ...endingWith(span), traceparent: span.traceparent };
    },
    claimed: (saga, tookMs) => {
      const span = spans.under(saga, {
        name: `claim ${saga.kind}`,
        kind: SpanKind.CONSUMER,
        attributes: identifyClaimed(saga),
        startTime: Date.now() - tookMs,
      });
      span.end({ 'saga.outcome': 'claimed' }, null);
    },
    attempt: (attempt) => {
      const { saga, doing, step } = attempt;
      const name = step === null ? `${doing} ${saga.kind}` : `${doing} ${step}`;
      const attributes = { ...identifyClaimed(saga), ...describe(attempt) };
      return endingWith(spans.under(saga, { name, kind: SpanKind.INTERNAL, attributes }));
    },
  };
}

function endingWith({ within, end }: OpenSpan) {
  return {
    within,
    end: ({ outcome, errorCode }: SpanOutcome) => end({ 'saga.outcome': outcome }, errorCode),
  };
}

function identify({ id, kind }: Pick<TracedSaga, 'id' | 'kind'>): Attributes {
  return { 'saga.id': id, 'saga.kind': kind };
}

function identifyClaimed(saga: TracedSaga): Attributes {
  return { ...identify(saga), 'saga.epoch': saga.epoch };
}

function describe({ doing, step, attempt }: Attempt): Attributes {
  const at = step === null ? {} : { 'saga.step': step, 'saga.attempt': attempt };
  return { 'saga.doing': doing, ...at };
}
