// Spans that know what they stand under: what is under way around a call (kept by an AsyncLocalStorage of ours), or a
// W3C trace context that came over the wire or lay in a record. Nothing global is registered, so two applications in one
// process do not see each other's traces, and nothing is patched.

import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanKind,
  SpanStatusCode,
  type TimeInput,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

export interface NewSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** Default: now. */
  readonly startTime?: TimeInput;
}

export interface OpenSpan {
  readonly traceparent: string;
  within<T>(work: () => T): T;
  /** @param errorType null: nothing failed. */
  end(attributes: Attributes, errorType: string | null): void;
}

export interface TraceContext {
  readonly traceparent?: string | undefined;
  /** What other vendors in front add to the trace; not kept with a saga. */
  readonly tracestate?: string | undefined;
}

const W3C = new W3CTraceContextPropagator();

export type Spans = ReturnType<typeof createSpans>;

export function createSpans(tracer: Tracer) {
  const current = new AsyncLocalStorage<Context>();

  function open(parent: Context, { name, ...options }: NewSpan): OpenSpan {
    const span = tracer.startSpan(name, options, parent);
    const context = trace.setSpan(parent, span);
    return {
      traceparent: traceparentOf(context),
      within: (work) => current.run(context, work),
      end: (attributes, errorType) => {
        span.setAttributes(attributes);
        if (errorType !== null) {
          // The code alone: a message may quote a user.
          span.setAttribute('error.type', errorType);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  }

  return {
    /** Under what is under way around this call, else the begin of a trace. */
    underCurrent: (span: NewSpan): OpenSpan => open(current.getStore() ?? ROOT_CONTEXT, span),
    /** Null where nothing is under way. */
    underCurrentOnly: (span: NewSpan): OpenSpan | null => {
      const parent = current.getStore();
      return parent === undefined ? null : open(parent, span);
    },
    /** Under a W3C trace context; one that is missing or unreadable begins a trace. */
    under: (carrier: TraceContext, span: NewSpan): OpenSpan =>
      open(W3C.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter), span),
  };
}

function traceparentOf(context: Context): string {
  const carrier = { traceparent: '' };
  W3C.inject(context, carrier, defaultTextMapSetter);
  return carrier.traceparent;
}
