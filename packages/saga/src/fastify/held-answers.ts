// Answers of requests that begin a saga, or wait for its end: 200 when it has ended, 202 while it has not, stuck included. A
// pure translation of the stored record (I9); the body of a 200 is the product's own.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { assertNever } from '../assert-never.ts';
import type { SagaRecord } from '../log/record.ts';
import type { EndWaits } from './end-waits.ts';
import { acceptedView, type JobViewOptions, jobView } from './job-view.ts';
import { parseWaitPreference } from './prefer.ts';

export interface HeldAnswers {
  /** To be called before anything is done: the time to wait is read here.
   * @throws Problem `invalid-prefer` */
  hold(request: FastifyRequest, reply: FastifyReply): HeldAnswer;
}

export interface HeldAnswer {
  /** Aborts when the client does not wait any more. A saga that it began continues. */
  readonly clientGone: AbortSignal;
  /** The newest record: at its end, or as it is when time is over.
   * @param caller the name by which waits are counted. */
  wait(saga: SagaRecord, caller: string): Promise<SagaRecord>;
  /** Waits as long as the client wants, then answers. */
  send<T>(saga: SagaRecord, caller: string, bodies?: EndedBodies<T>): Promise<FastifyReply>;
}

/** The body of a 200, by the saga's end. Default: the job. */
export interface EndedBodies<T> {
  completed(saga: SagaRecord): T;
  compensated(saga: SagaRecord): T;
  cancelled(saga: SagaRecord): T;
  /** Seconds until an open saga is worth another poll. */
  readonly retrySeconds: number;
}

export interface HeldAnswersOptions extends JobViewOptions {
  readonly waits: EndWaits;
  /** Where a job is polled. */
  readonly statusUrl: (id: string) => string;
  /** How long a request without `Prefer` waits. Default: 0, it does not. */
  readonly defaultWaitSeconds?: number;
}

/** A stuck saga waits for a person. */
const STUCK_RETRY_SECONDS = 30;

export function createHeldAnswers(options: HeldAnswersOptions): HeldAnswers {
  const { waits, statusUrl, defaultWaitSeconds = 0 } = options;
  const job = (saga: SagaRecord) => jobView(saga, options);
  const jobs = { completed: job, compensated: job, cancelled: job, retrySeconds: 1 };
  return {
    hold: (request, reply) => {
      const { seconds, applied } = parseWaitPreference(request.headers.prefer, defaultWaitSeconds);
      const clientGone = clientGoneSignal(reply);
      const wait: HeldAnswer['wait'] = async (saga, caller) => {
        const newest = await waits.wait({ saga, seconds, caller, clientGone, log: request.log });
        if (applied !== null) reply.header('preference-applied', applied);
        return newest;
      };
      return {
        clientGone,
        wait,
        send: async (saga, caller, bodies) => {
          const newest = await wait(saga, caller);
          return sendSaga(reply, newest, bodies ?? jobs, statusUrl(saga.id));
        },
      };
    },
  };
}

function sendSaga(
  reply: FastifyReply,
  saga: SagaRecord,
  bodies: EndedBodies<unknown>,
  statusUrl: string,
): FastifyReply {
  const { phase } = saga.state;
  switch (phase) {
    case 'completed':
    case 'compensated':
    case 'cancelled':
      return reply.header('location', statusUrl).code(200).send(bodies[phase](saga));
    case 'stuck':
      return sendAccepted(reply, saga, statusUrl, STUCK_RETRY_SECONDS);
    case 'queued':
    case 'running':
    case 'compensating':
      return sendAccepted(reply, saga, statusUrl, bodies.retrySeconds);
    default:
      return assertNever(phase);
  }
}

/** A 202. @param more members of the body besides, or instead of, those that it has. */
export function sendAccepted(
  reply: FastifyReply,
  saga: SagaRecord,
  statusUrl: string,
  retrySeconds: number,
  more: object = {},
): FastifyReply {
  return reply
    .code(202)
    .header('location', statusUrl)
    .header('retry-after', String(retrySeconds))
    .send({ ...acceptedView(saga, statusUrl), ...more });
}

// Watched on the response: the request's own `close` comes as soon as its body is read, so Fastify's `request.signal`
// aborts healthy requests with a body.
/** Aborts when the connection closes before the answer was sent. */
function clientGoneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (reply.raw.destroyed) controller.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
