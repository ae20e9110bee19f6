// How long requests take, by route pattern: never by address, which would give each bot a time series. An event
// stream lasts as long as its job: it is no latency, and is left out unless it was refused.

import fp from 'fastify-plugin';
import { Histogram, type Registry } from 'prom-client';

const NAME = 'reclaim_http_request_duration_seconds';

export function createHttpMetrics(registry: Registry) {
  return fp(
    async (app) => {
      const histogram = new Histogram({
        name: NAME,
        help: 'Duration of HTTP requests, held-back answers included.',
        labelNames: ['method', 'route', 'status'],
        buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
        registers: [registry],
      });
      app.addHook('onResponse', async (request, reply) => {
        if (request.routeOptions.config.isStream === true && reply.statusCode === 200) return;
        const route = request.routeOptions.url ?? 'unknown';
        histogram
          .labels(request.method, route, String(reply.statusCode))
          .observe(reply.elapsedTime / 1000);
      });
      app.addHook('onClose', async () => registry.removeSingleMetric(NAME));
    },
    { name: 'http-metrics' },
  );
}
