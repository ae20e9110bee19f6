// A span for every request of the API, from its first hook to the end of its answer, streams included. Health checks,
// metrics and assets stand outside: they come every few seconds and order nothing.

import fp from 'fastify-plugin';
import type { RequestSpans } from '../../infra/telemetry/request-spans.ts';

/** @param spans null: no tracing, and nothing is done. */
export function createRequestTracing(spans: RequestSpans | null) {
  return fp(
    async (app) => {
      if (spans === null) return;
      app.addHook('onRequest', (request, reply, done) => {
        const { method, headers, routeOptions } = request;
        const span = spans.open({ method, headers, route: routeOptions.url ?? 'unknown' });
        // Comes after every answer and after a client that left before it.
        reply.raw.once('close', () => span.end(reply.statusCode));
        // All later hooks, the body's parser and the handler run inside.
        span.within(done);
      });
    },
    { name: 'request-tracing' },
  );
}
