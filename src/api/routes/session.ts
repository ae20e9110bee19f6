// A page's session: a token is exchanged for a cookie, once, and the page need not keep it. A session that
// is asked for with a cookie ends when that cookie does: nobody prolongs it without a token.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Identity } from '../../domain/identity-verifier.ts';
import type { ApiDependencies, ApiSettings } from '../dependencies.ts';
import { BEARER } from '../plugins/documentation.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import { SessionSchema } from '../schemas/sessions.ts';
import { SESSION_COOKIE, type Sessions } from '../sessions.ts';
import { identityOf } from '../viewer.ts';

export interface SessionRoutesDependencies extends Pick<ApiDependencies, 'accounts'> {
  readonly sessions: Sessions;
  readonly settings: Pick<ApiSettings, 'simulatesBots' | 'syncOnOpen'>;
}

export function createSessionRoutes(deps: SessionRoutesDependencies): FastifyPluginAsyncTypebox {
  const view = async ({ firebaseUid, isAdmin }: Identity, expiresAt: Date) => ({
    user: firebaseUid,
    isAdmin,
    hasAccount: (await deps.accounts.findByFirebaseUid(firebaseUid)) !== null,
    expiresAt: expiresAt.toISOString(),
    simulatesBots: deps.settings.simulatesBots,
    syncOnOpen: deps.settings.syncOnOpen,
  });

  return async (app) => {
    app.post('/session', { schema: OPEN }, async (request, reply) => {
      const identity = identityOf(request);
      const session = deps.sessions.open(identity);
      reply.setCookie(SESSION_COOKIE, session.value, {
        ...cookieOf(request),
        expires: session.expiresAt,
      });
      return view(identity, session.expiresAt);
    });

    app.get('/session', { schema: GET }, async (request) => {
      const identity = identityOf(request);
      return view(identity, identity.expiresAt);
    });

    app.delete('/session', { schema: CLOSE }, async (request, reply) => {
      reply.clearCookie(SESSION_COOKIE, cookieOf(request)).code(204);
      return null;
    });
  };
}

/** For the pages, the API and the queue board alike; no script reads it, no other site sends it. */
function cookieOf({ client }: FastifyRequest) {
  return {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure: client.scheme === 'https',
  } as const;
}

const COMMON = { tags: ['session'], security: BEARER };

const OPEN = {
  ...COMMON,
  operationId: 'openSession',
  summary: 'Exchange a token for a session cookie',
  description:
    'For browsers: the cookie stands for the token at the API, at server-sent events and, for administrators, ' +
    'at `/admin/queues`. What it writes must come from a page of this origin.',
  response: { 200: SessionSchema, ...PROBLEM_RESPONSES },
};

const GET = {
  ...COMMON,
  operationId: 'getSession',
  summary: 'Who is signed in',
  response: { 200: SessionSchema, ...PROBLEM_RESPONSES },
};

const CLOSE = {
  ...COMMON,
  operationId: 'closeSession',
  summary: 'Sign out: the cookie is taken back',
  response: { 204: Type.Null(), ...PROBLEM_RESPONSES },
};
