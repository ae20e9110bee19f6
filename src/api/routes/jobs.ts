// Jobs of users, and sagas for administrators: the engine's routes, twice. This file decides what the product shows, to
// whom, under which address.

import type { Plan, SagaRecord } from '@reclaim/saga';
import {
  type EndWaits,
  planView,
  sagaDetail,
  sagaRoutes,
  sagaSummary,
} from '@reclaim/saga/fastify';
import type { FastifyPluginAsync } from 'fastify';
import { Gauge, type Registry } from 'prom-client';
import { parseFirebaseUid } from '../../domain/ids.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { botJob, type JobDependencies } from '../job-view.ts';
import { audienceOf } from '../message-for.ts';
import { JobSchema } from '../schemas/job.ts';
import {
  PlanSchema,
  type PlanView,
  RetryBodySchema,
  type SagaDetail,
  SagaDetailSchema,
  type SagaSummary,
  SagaSummarySchema,
} from '../schemas/sagas.ts';
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
      document: (route, schema) => ({
        ...schema,
        ...{ tags: ['jobs'], operationId: route === 'list' ? 'listJobs' : `${route}Job` },
      }),
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
      registry: deps.registry,
      // By its firebaseUid a user is known in logs and files; the log of sagas knows the account.
      search: async (text) => {
        const uid = parseFirebaseUid(text);
        const account = uid === undefined ? null : await accounts.find({ firebaseUid: uid });
        return account === null ? [] : [{ of: 'subject', value: account.userId }];
      },
      document: (route, schema) => ({
        ...schema,
        ...(route === 'retry' && { body: RetryBodySchema }),
        ...{ tags: ['admin'], operationId: route === 'list' ? 'listSagas' : `${route}Saga` },
      }),
    });
  };
}

type ViewDependencies = JobDependencies & Pick<ApiDependencies, 'sagas'>;

/** What an operator is shown of a saga: the job, and what only operators may know. Money is named as such. */
function sagaWithSummary(saga: SagaRecord, deps: ViewDependencies): SagaSummary {
  const options = { sagas: deps.sagas, nowMs: () => deps.now().getTime() };
  const { atRisk: moneyAtRiskMinor, ...summary } = sagaSummary(saga, options);
  return { ...botJob(saga, deps, 'operator'), ...summary, moneyAtRiskMinor };
}

function sagaWithDetail(
  saga: SagaRecord,
  deps: ViewDependencies & Pick<ApiDependencies, 'queueOf'>,
): SagaDetail {
  return {
    ...sagaWithSummary(saga, deps),
    ...sagaDetail(saga),
    queue: deps.queueOf(saga.kind),
  };
}

function sagaPlan(plan: Plan): PlanView {
  const { atRisk: moneyAtRiskMinor, ...view } = planView(plan);
  return { ...view, moneyAtRiskMinor };
}
