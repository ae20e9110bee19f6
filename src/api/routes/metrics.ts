// What this process measures, money at risk included: for clients with the token in METRICS_TOKEN, and for no client
// where that is unset. A port of its own (METRICS_PORT) is the other way to it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ApiDependencies, ApiSettings } from '../dependencies.ts';
import { isBearer } from '../is-bearer.ts';
import { ProblemError, unauthenticated } from '../problem.ts';

export interface MetricsRouteDependencies extends Pick<ApiDependencies, 'metrics'> {
  readonly settings: Pick<ApiSettings, 'metricsToken'>;
}

export function createMetricsRoute(deps: MetricsRouteDependencies): FastifyPluginAsyncTypebox {
  const { metrics, settings } = deps;
  return async (app) => {
    app.get('/metrics', { schema: METRICS }, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const { metricsToken } = settings;
      if (metricsToken === null) throw new ProblemError('not-found', 'There are no metrics here.');
      if (!isBearer(request.headers.authorization, metricsToken)) {
        throw unauthenticated('Send the token of METRICS_TOKEN as "Authorization: Bearer …".');
      }
      return reply.type(metrics.contentType).send(await metrics.metrics());
    });
  };
}

const METRICS = {
  operationId: 'metrics',
  summary: 'Measurements in the text format of Prometheus; with the token of METRICS_TOKEN',
  tags: ['health'],
  response: {
    200: {
      description: 'One measurement a line.',
      content: { 'text/plain': { schema: Type.String() } },
    },
  },
};
