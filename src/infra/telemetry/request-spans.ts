// HTTP requests as server spans, by route pattern: an address names a user and a bot.

import { SpanKind } from '@opentelemetry/api';
import type { Spans } from '@reclaim/saga/tracing';
import type { RequestSpans } from './request-spans-port.ts';

export function createRequestSpans(spans: Spans): RequestSpans {
  return {
    open: ({ method, route, headers }) => {
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
        within,
        end: (statusCode) => {
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
