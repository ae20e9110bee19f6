// What a request that began a saga is answered for the state the saga is in: 200 when it has ended, 202 while it has
// not, stuck included. A pure translation of the stored record (I9); what a 200 says is the request's own.

import type { SagaRecord } from '@reclaim/saga';
import type { FastifyReply } from 'fastify';
import { assertNever } from '../domain/assert-never.ts';
import { acceptedView, statusUrl } from './job-view.ts';
import type { Audience } from './told.ts';

/** The body of a 200, by the saga's end. */
export interface EndedBodies<T> {
  completed(saga: SagaRecord, audience: Audience): T;
  compensated(saga: SagaRecord, audience: Audience): T;
  cancelled(saga: SagaRecord, audience: Audience): T;
  /** Seconds until an open saga is worth another poll. */
  readonly retrySeconds: number;
}

/** A stuck saga waits for a person. */
const STUCK_RETRY_SECONDS = 30;

export function sendSaga<T>(
  reply: FastifyReply,
  saga: SagaRecord,
  bodies: EndedBodies<T>,
  audience: Audience,
): FastifyReply {
  reply.header('location', statusUrl(saga.id));
  const { phase } = saga.state;
  switch (phase) {
    case 'completed':
    case 'compensated':
    case 'cancelled':
      return reply.code(200).send(bodies[phase](saga, audience));
    case 'stuck':
      return accepted(reply, saga, STUCK_RETRY_SECONDS);
    case 'queued':
    case 'running':
    case 'compensating':
      return accepted(reply, saga, bodies.retrySeconds);
    default:
      return assertNever(phase);
  }
}

function accepted(reply: FastifyReply, saga: SagaRecord, retrySeconds: number): FastifyReply {
  return reply.code(202).header('retry-after', String(retrySeconds)).send(acceptedView(saga));
}
