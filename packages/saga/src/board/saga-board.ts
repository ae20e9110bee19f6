// Bull Board on the queues of sagas, read only but for one verb. The queue is a wake-up and not the truth
// (I7), so anything the board could do to a job would bypass the log: everything that writes is refused,
// and "retry" is taken over and given to the engine.

import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { assertNever } from '../assert-never.ts';
import { problem } from '../fastify/problem.ts';
import { type ErrorHandler, sendAsProblem } from '../fastify/to-problem.ts';
import { parseSagaId } from '../saga-id.ts';
import type { Sagas } from '../sagas.ts';
import { type BoardJobsOptions, createBoardJobs } from './board-jobs.ts';

export interface SagaBoardOptions extends Omit<BoardJobsOptions, 'onError' | 'sagas'> {
  readonly sagas: Pick<Sagas, 'find' | 'order'>;
  /** Their connections must fail fast (`maxRetriesPerRequest: 1`, no offline queue), or the board hangs while Redis is
   * away. */
  readonly queues: readonly Queue[];
  /** Before everything of the board: its page, its API, its assets. Names the operator for the audit trail; throws what
   * the error handler understands to refuse. A browser sends `retry` with any cookie it has: hold it against the
   * origin of the request. */
  readonly authorize: (
    request: FastifyRequest,
    action: 'read' | 'retry',
  ) => Promise<{ readonly name: string }> | { readonly name: string };
  readonly title?: string;
  /** Default: RFC 9457 documents. */
  readonly errorHandler?: ErrorHandler;
}

/** To be registered under a prefix: `app.register(sagaBoard, { sagas, queues, authorize, prefix: '/queues' })`. */
export async function sagaBoard(app: FastifyInstance, options: SagaBoardOptions): Promise<void> {
  const { errorHandler = sendAsProblem } = options;
  const onError = (err: unknown) => app.log.warn({ err }, 'the board shows jobs without sagas');
  const adapter = new FastifyAdapter().setBasePath(app.prefix);
  createBullBoard({
    queues: options.queues.map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: {
      uiConfig: { boardTitle: options.title ?? 'Sagas', hideDocsLink: true },
      handlerHooks: { after: createBoardJobs({ ...options, onError }) },
    },
  });
  const retryRoute = `${app.prefix}/api/queues/:queueName/:jobId/retry`;
  // Answers are sent from here: the board has an error handler of its own for its routes.
  app.addHook<{ Params: BoardParams }>('onRequest', async (request, reply) => {
    try {
      const isRetry = request.method === 'PUT' && request.routeOptions.url === retryRoute;
      const { name } = await options.authorize(request, isRetry ? 'retry' : 'read');
      if (isRetry) {
        await retry(options.sagas, request, name);
        return reply.code(204).send();
      }
      if (!READS.has(request.method)) throw readsOnly();
    } catch (error) {
      await errorHandler.call(app, asError(error), request, reply);
      return reply;
    }
  });
  app.addHook('onSend', async (_request, _reply, payload) =>
    typeof payload === 'string' ? payload.replace(LINKS, keepOwn) : payload,
  );
  await app.register(adapter.registerPlugin());
}

interface BoardParams {
  readonly jobId?: string;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

function readsOnly() {
  return problem('method-not-allowed', 'The board only reads, and retries single jobs.', {
    headers: { allow: 'GET, HEAD' },
  });
}

/** The board's page asks Google for its fonts: here no page loads anything from another host. */
const LINKS = /<link [^<>]*>/g;

function keepOwn(link: string): string {
  return link.includes('href="https:') && link.includes('rel="stylesheet"') ? '' : link;
}

async function retry(
  sagas: SagaBoardOptions['sagas'],
  { params, log }: FastifyRequest<{ Params: BoardParams }>,
  by: string,
): Promise<void> {
  const sagaId = parseSagaId(params.jobId);
  if (sagaId === undefined) {
    throw problem('not-retriable', 'Only jobs of sagas are retried from here.');
  }
  const order = { verb: 'retry', by, reason: 'from the queue board' } as const;
  const result = await sagas.order(sagaId, order);
  log.info({ sagaId, by, status: result.status }, 'retry from the queue board');
  switch (result.status) {
    case 'ordered':
      return;
    case 'not-found':
      throw problem('job-not-found', `There is no job ${sagaId}.`);
    case 'refused':
      throw problem('not-retriable', result.reason);
    case 'conflict':
      throw problem('not-retriable', 'Another order changed it just now.');
    default:
      assertNever(result);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
