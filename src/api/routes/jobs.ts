// Jobs of users, and sagas for administrators: the engine's routes, twice. What is said here is what the product shows, to
// whom, under which address.

import { type EndWaits, type RouteName, type RouteSchema, sagaRoutes } from '@reclaim/saga/fastify';
import type { FastifyPluginAsync } from 'fastify';
import { Gauge, type Registry } from 'prom-client';
import type { ApiDependencies } from '../dependencies.ts';
import { botJob } from '../job-view.ts';
import { BEARER } from '../plugins/documentation.ts';
import { traitsOf } from '../saga-search.ts';
import { sagaPlan, sagaWithDetail, sagaWithSummary } from '../saga-view.ts';
import { JobSchema } from '../schemas/job.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import {
  PlanSchema,
  RetryBodySchema,
  SagaDetailSchema,
  SagaSummarySchema,
} from '../schemas/sagas.ts';
import { audienceOf } from '../told.ts';
import { type ApiCaller, callerOf } from '../viewer.ts';

export interface JobRoutesDependencies
  extends Pick<
    ApiDependencies,
    'accounts' | 'sagas' | 'registry' | 'queueOf' | 'now' | 'endedSessions' | 'settings'
  > {
  readonly waits: EndWaits;
  readonly metrics: Registry;
}

const OPEN_STREAMS = 'reclaim_event_streams_open';

export function createJobRoutes(deps: JobRoutesDependencies): FastifyPluginAsync {
  const { accounts, sagas, waits, endedSessions, metrics } = deps;
  return async (app) => {
    const gauge = new Gauge({
      name: OPEN_STREAMS,
      help: 'Event streams of jobs that are open on this process.',
      registers: [metrics],
    });
    app.addHook('onClose', async () => metrics.removeSingleMetric(OPEN_STREAMS));
    const shared = {
      ...{ sagas, waits, errorHandler: app.errorHandler, nowMs: () => deps.now().getTime() },
      authorize: callerOf(accounts),
    };
    await app.register(sagaRoutes<ApiCaller>, {
      ...shared,
      prefix: '/jobs',
      for: 'callers',
      view: (saga, caller) => botJob(saga, deps, audienceOf(caller)),
      schemas: { view: JobSchema },
      document: documented('jobs', (route) => (route === 'list' ? 'listJobs' : `${route}Job`)),
      streams: {
        limits: deps.settings.streamLimits,
        onCount: (open) => gauge.set(open),
        findRevoked: async (callers) => {
          const ids = new Set(callers.flatMap(({ sessionId }) => sessionId ?? []));
          const ended = ids.size === 0 ? ids : await endedSessions.among([...ids]);
          return callers.filter(({ sessionId }) => sessionId !== null && ended.has(sessionId));
        },
      },
    });
    await app.register(sagaRoutes<ApiCaller>, {
      ...shared,
      prefix: '/admin/sagas',
      for: 'operators',
      listName: 'sagas',
      view: (saga) => sagaWithSummary(saga, deps),
      detail: (saga) => sagaWithDetail(saga, deps),
      plan: sagaPlan,
      schemas: { view: SagaSummarySchema, detail: SagaDetailSchema, plan: PlanSchema },
      search: (text) => traitsOf(text, accounts),
      document: (route, schema) => {
        const body = route === 'retry' ? { body: RetryBodySchema } : {};
        const name = route === 'list' ? 'listSagas' : `${route}Saga`;
        return documented('admin', () => name)(route, { ...schema, ...body });
      },
    });
  };
}

function documented(tag: string, nameOf: (route: RouteName) => string) {
  return (route: RouteName, schema: RouteSchema): RouteSchema => ({
    ...schema,
    ...{ operationId: nameOf(route), tags: [tag], security: BEARER },
    response: { ...Object(schema.response), ...PROBLEM_RESPONSES },
  });
}
