// Bull Board for administrators: the engine's board behind a session.

import { type SagaBoardOptions, sagaBoard } from '@reclaim/saga/board';
import type { FastifyPluginAsync } from 'fastify';
import type { Admission } from '../admission.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { sessionIdentity } from '../judged-identity.ts';
import { CHALLENGE, ProblemError } from '../problem.ts';
import { isSameOrigin } from '../session-cookie.ts';
import type { Sessions } from '../sessions.ts';
import { auditName } from '../viewer.ts';
import { INLINE_STYLE_POLICY } from './security-headers.ts';

export interface QueueBoardDependencies
  extends Pick<ApiDependencies, 'identities' | 'queues' | 'sagas' | 'registry' | 'now'> {
  readonly sessions: Sessions;
  readonly admission: Pick<Admission, 'know'>;
}

export function createQueueBoard(deps: QueueBoardDependencies): FastifyPluginAsync {
  const { sagas, queues, registry, now } = deps;
  return async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('content-security-policy', INLINE_STYLE_POLICY);
      reply.header('cache-control', 'no-store');
    });
    await app.register(sagaBoard, {
      ...{ sagas, queues, registry, nowMs: () => now().getTime() },
      prefix: '/admin/queues',
      title: 'Reclaim',
      // The page of a saga, which the board's session opens too.
      pageOf: (id) => `/ops?saga=${id}`,
      authorize: administrator(deps),
      errorHandler: app.errorHandler,
    });
  };
}

function administrator(deps: QueueBoardDependencies): SagaBoardOptions['authorize'] {
  return async (request, action) => {
    const identity = await sessionIdentity(deps, request);
    if (identity === null || !identity.isAdmin) {
      throw new ProblemError('session-needed', 'Sign in as an administrator first.', {
        headers: { 'www-authenticate': CHALLENGE },
      });
    }
    deps.admission.know(request, identity.firebaseUid);
    if (action === 'retry' && !isSameOrigin(request)) {
      throw new ProblemError('cross-site', 'A retry must come from the board itself.');
    }
    return { name: auditName(identity.firebaseUid, true) };
  };
}
