// A job as it happens: server-sent events in place of polling. Whatever refuses a stream refuses it before its
// first byte, as a problem; once it has begun, nothing but an end ends it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Gauge, type Registry } from 'prom-client';
import { Type } from 'typebox';
import type { ApiDependencies } from '../dependencies.ts';
import type { JobStreams } from '../job-streams.ts';
import { BEARER } from '../plugins/documentation.ts';
import { JobParamsSchema, JobSchema } from '../schemas/job.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import { identityOf } from '../viewer.ts';
import { visibleSaga } from '../visible-saga.ts';

export interface JobEventRoutesDependencies extends Pick<ApiDependencies, 'accounts' | 'sagas'> {
  readonly streams: JobStreams;
  readonly metrics: Registry;
}

const OPEN_STREAMS = 'reclaim_event_streams_open';

export function createJobEventRoutes(deps: JobEventRoutesDependencies): FastifyPluginAsyncTypebox {
  const { streams, metrics } = deps;
  return async (app) => {
    new Gauge({
      name: OPEN_STREAMS,
      help: 'Event streams of jobs that are open on this process.',
      registers: [metrics],
      collect() {
        this.set(streams.count());
      },
    });
    app.addHook('onClose', async () => metrics.removeSingleMetric(OPEN_STREAMS));

    // A HEAD made of this would hold a stream that nobody reads.
    const options = { schema: EVENTS, exposeHeadRoute: false, config: { isStream: true } };
    app.get('/jobs/:jobId/events', options, async (request, reply) => {
      const { saga } = await visibleSaga(request, deps);
      const lastEventId = request.headers['last-event-id'];
      streams.open({ saga, lastEventId, identity: identityOf(request), reply });
      return reply;
    });
  };
}

const EVENTS = {
  operationId: 'watchJob',
  summary: 'One job as it happens',
  description: [
    'Server-sent events: the whole job at once, then again after each of its changes; under load some states are',
    'left out, never the last. The stream ends with the job; while the job is stuck it stays open. It also ends with',
    'the token, and with the server: come again then, with `Last-Event-ID`. A 429 (too many streams of one user) and',
    'a 503 say to poll instead.',
  ].join(' '),
  tags: ['jobs'],
  security: BEARER,
  params: JobParamsSchema,
  headers: Type.Object({
    'last-event-id': Type.Optional(
      Type.String({ description: 'Nothing is sent at once where this is the revision still.' }),
    ),
  }),
  response: {
    200: {
      description: '`id`: the revision of the job. `data`: the job, as `GET /jobs/{jobId}` has it.',
      content: { 'text/event-stream': { schema: JobSchema } },
    },
    ...PROBLEM_RESPONSES,
  },
};
