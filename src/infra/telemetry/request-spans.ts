// HTTP requests as server spans, by route pattern: an address names a user and a bot.

import { SpanKind } from '@opentelemetry/api';
import type { Spans } from '@reclaim/saga/tracing';

export type RequestSpans = ReturnType<typeof createRequestSpans>;

interface TracedRequest {
  readonly method: string;
  /** The pattern, e.g. `/api/freqtrade/bots/:instanceId`. */
  readonly route: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export function createRequestSpans(spans: Spans) {
  return {
    /** Continues the caller's trace where the headers name one (W3C trace context). */
    open: ({ method, route, headers }: TracedRequest) => {
      const context = {
        traceparent: one(headers.traceparent),
        tracestate: one(headers.tracestate),
      };
      const { within, end } = spans.under(context, {
        name: `${method} ${route}`,
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': method, 'http.route': route },
      });
      return {
        /** What begins inside belongs to the request. */
        within,
        end: (statusCode: number): void => {
          const errorType = statusCode >= 500 ? String(statusCode) : null;
          end({ 'http.response.status_code': statusCode }, errorType);
        },
      };
    },
  };
}

/** Of a header that came more than once, none is to be trusted. */
function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
