// Bull Board for administrators, read only but for one verb. The queue is a wake-up and not the truth
// (I7), so anything the board could do to a job would bypass the log: everything that writes is refused,
// and "retry" is taken over and given to the engine.

import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { parseSagaId } from '@reclaim/saga';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { assertNever } from '../../domain/assert-never.ts';
import type { FirebaseUid } from '../../domain/ids.ts';
import type { Admission } from '../admission.ts';
import { createBoardJobs, QUEUE_BOARD_PATH } from '../board-jobs.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { sessionIdentity } from '../judged-identity.ts';
import { ProblemError } from '../problem.ts';
import { isSameOrigin } from '../same-origin.ts';
import type { Sessions } from '../sessions.ts';
import { auditName } from '../viewer.ts';
import { sendProblem, toProblem } from './problems.ts';
import { INLINE_STYLE_POLICY } from './security-headers.ts';

export interface QueueBoardDependencies
  extends Pick<ApiDependencies, 'identities' | 'queues' | 'sagas' | 'stepKinds' | 'now' | 'log'> {
  readonly sessions: Sessions;
  readonly admission: Pick<Admission, 'know'>;
}

export function createQueueBoard(deps: QueueBoardDependencies): FastifyPluginAsync {
  const onError = (err: unknown) => deps.log.warn({ err }, 'the board shows jobs without sagas');
  const adapter = new FastifyAdapter().setBasePath(QUEUE_BOARD_PATH);
  createBullBoard({
    queues: deps.queues.map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: {
      uiConfig: { boardTitle: 'Reclaim', hideDocsLink: true },
      handlerHooks: { after: createBoardJobs({ ...deps, onError }) },
    },
  });
  return async (app) => {
    // Before everything of the board: its page, its API and its assets. Answers are sent from here,
    // because the board's own error handler does not speak problem+json.
    app.addHook<{ Params: BoardParams }>('onRequest', async (request, reply) => {
      try {
        await guard(deps, request, reply);
      } catch (error) {
        const problem = toProblem(error);
        if (problem.statusCode >= 500) request.log.error({ err: error }, 'board request failed');
        return sendProblem(request, reply, problem);
      }
    });
    app.addHook('onSend', async (_request, _reply, payload) =>
      typeof payload === 'string' ? payload.replace(LINKS, keepOwn) : payload,
    );
    await app.register(adapter.registerPlugin(), { prefix: QUEUE_BOARD_PATH });
  };
}

/** The board's page asks Google for its fonts, which the policy forbids: here no page asks another host for anything. */
const LINKS = /<link [^<>]*>/g;

function keepOwn(link: string): string {
  return link.includes('href="https:') && link.includes('rel="stylesheet"') ? '' : link;
}

interface BoardParams {
  readonly jobId?: string;
}

type BoardRequest = FastifyRequest<{ Params: BoardParams }>;

const RETRY_ROUTE = `${QUEUE_BOARD_PATH}/api/queues/:queueName/:jobId/retry`;

async function guard(
  deps: QueueBoardDependencies,
  request: BoardRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.header('content-security-policy', INLINE_STYLE_POLICY).header('cache-control', 'no-store');
  const identity = await sessionIdentity(deps, request);
  if (identity === null || !identity.isAdmin) {
    throw new ProblemError('session-needed', 'Sign in as an administrator first.', {
      headers: { 'www-authenticate': 'Bearer realm="reclaim"' },
    });
  }
  deps.admission.know(request, identity.firebaseUid);
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.method !== 'PUT' || request.routeOptions.url !== RETRY_ROUTE) {
    throw new ProblemError('method-not-allowed', 'The board only reads, and retries single jobs.', {
      headers: { allow: 'GET, HEAD' },
    });
  }
  if (!isSameOrigin(request)) {
    throw new ProblemError('cross-site', 'A retry must come from the board itself.');
  }
  await retry(deps, request, identity.firebaseUid);
  reply.code(204).send();
}

async function retry(
  deps: QueueBoardDependencies,
  request: BoardRequest,
  admin: FirebaseUid,
): Promise<void> {
  const sagaId = parseSagaId(request.params.jobId);
  if (sagaId === undefined) {
    throw new ProblemError('not-retriable', 'Only jobs of sagas are retried from here.');
  }
  const by = auditName(admin, true);
  const order = { verb: 'retry', by, reason: 'from the queue board' } as const;
  const result = await deps.sagas.order(sagaId, order);
  request.log.info({ sagaId, by, status: result.status }, 'retry from the queue board');
  switch (result.status) {
    case 'ordered':
      return;
    case 'not-found':
      throw new ProblemError('job-not-found', `There is no job ${sagaId}.`);
    case 'refused':
      throw new ProblemError('not-retriable', result.reason);
    case 'conflict':
      throw new ProblemError('not-retriable', 'Somebody else changed it just now.');
    default:
      assertNever(result);
  }
}
