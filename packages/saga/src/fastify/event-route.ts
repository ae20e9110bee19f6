// A job as it happens: server-sent events instead of polling. A refusal comes before its
// first byte, as a problem; once it has begun, nothing but an end ends it.

import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { createSagaWatch } from '../operate/saga-watch.ts';
import type { Caller, JobParams } from './access.ts';
import { JobParamsSchema } from './job-schemas.ts';
import { createJobStreams } from './job-streams.ts';
import type { RouteContext } from './options.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its 200 lasts as long as its client watches: no latency to measure. */
    readonly isStream?: boolean;
  }
}

export function addEventRoute<C extends Caller>(
  app: FastifyInstance,
  context: RouteContext<C>,
): void {
  const { sagas, access, views, nowMs, statusUrl } = context;
  const warn = (message: string) => (err: unknown) => app.log.warn({ err }, message);
  const streams = createJobStreams({
    ...context.streams,
    ...{ view: views.view.of, nowMs },
    watch: createSagaWatch({
      ...{ sagas, nowMs },
      onUnreadable: warn('watched jobs cannot be read; trying again'),
    }),
    onUnreadable: warn('revoked callers cannot be read; trying again'),
    onUncounted: warn('open streams are not counted'),
  });
  app.addHook('preClose', () => streams.close());

  // A HEAD route made of this would hold a stream that has no reader.
  const options = {
    schema: context.schema('watch', { ...EVENTS, response: { 200: eventsOf(views.view.schema) } }),
    ...{ exposeHeadRoute: false, config: { isStream: true } },
  };
  app.get<{ Params: JobParams }>('/:jobId/events', options, async (request, reply) => {
    const { saga, caller } = await access.sagaOf(request, 'caller');
    const lastEventId = request.headers['last-event-id']?.toString();
    streams.open({ saga, lastEventId, caller, statusUrl: statusUrl(saga.id), reply });
    return reply;
  });
}

const EVENTS = {
  summary: 'One job as it happens',
  description: [
    'Server-sent events: the whole job at once, then again after each of its changes; under load some states are',
    'left out, never the last. The stream ends with the job; while the job is stuck it stays open. It also ends with',
    'the token, and with the server: come again then, with `Last-Event-ID`. A 429 (too many streams of one user) and',
    'a 503: poll instead.',
  ].join(' '),
  params: JobParamsSchema,
  headers: Type.Object({
    'last-event-id': Type.Optional(
      Type.String({ description: 'Nothing is sent at once where this is the revision still.' }),
    ),
  }),
};

function eventsOf(schema: object) {
  return {
    description: '`id`: the revision of the job. `data`: the job, as its list has it.',
    content: { 'text/event-stream': { schema } },
  };
}
