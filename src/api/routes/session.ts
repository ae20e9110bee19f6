// A page's session: a token is exchanged for a cookie, once, and the page need not keep it. A session that
// is requested with a cookie ends when that cookie does: it cannot be prolonged without a token. A browser has one
// session: a token of its user prolongs it, a token of another user ends it and begins another.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Identity } from '../../infra/identities/identity-verifier.ts';
import type { ApiDependencies, ApiSettings } from '../dependencies.ts';
import { SessionSchema } from '../schemas/sessions.ts';
import { clearSessionCookie, sessionCookieOf, setSessionCookie } from '../session-cookie.ts';
import type { Sessions } from '../sessions.ts';
import { identityOf, whoIs } from '../viewer.ts';

export interface SessionRoutesDependencies extends Pick<ApiDependencies, 'accounts'> {
  readonly sessions: Sessions;
  readonly settings: Pick<ApiSettings, 'simulatesBots' | 'provisionsBots' | 'syncOnOpen'>;
}

export function createSessionRoutes(deps: SessionRoutesDependencies): FastifyPluginAsyncTypebox {
  const view = async (identity: Identity, expiresAt: Date) => ({
    user: identity.firebaseUid,
    isAdmin: identity.isAdmin,
    hasAccount: (await deps.accounts.find(whoIs(identity))) !== null,
    expiresAt: expiresAt.toISOString(),
    simulatesBots: deps.settings.simulatesBots,
    provisionsBots: deps.settings.provisionsBots,
    syncOnOpen: deps.settings.syncOnOpen,
  });

  return async (app) => {
    app.post('/session', { schema: OPEN }, async (request, reply) => {
      const identity = identityOf(request);
      const shown = await deps.sessions.read(sessionCookieOf(request));
      const isSame = shown?.firebaseUid === identity.firebaseUid;
      if (shown !== null && !isSame) await deps.sessions.end(shown.sessionId);
      const session = deps.sessions.open(identity, isSame ? shown?.sessionId : undefined);
      setSessionCookie(request, reply, session);
      return view(identity, session.expiresAt);
    });

    app.get('/session', { schema: GET }, async (request) => {
      const identity = identityOf(request);
      return view(identity, identity.expiresAt);
    });

    app.delete('/session', { schema: CLOSE }, async (request, reply) => {
      const shown = await deps.sessions.read(sessionCookieOf(request));
      if (shown !== null) await deps.sessions.end(shown.sessionId);
      clearSessionCookie(request, reply);
      reply.code(204);
      return null;
    });
  };
}

const COMMON = { tags: ['session'] };

const OPEN = {
  ...COMMON,
  operationId: 'openSession',
  summary: 'Exchange a token for a session cookie',
  description:
    'For browsers: the cookie stands for the token at the API, at server-sent events and, for administrators, ' +
    'at `/admin/queues`. What it writes must come from a page of this origin.',
  response: { 200: SessionSchema },
};

const GET = {
  ...COMMON,
  operationId: 'getSession',
  summary: 'Who is signed in',
  response: { 200: SessionSchema },
};

const CLOSE = {
  ...COMMON,
  operationId: 'closeSession',
  summary: 'Sign out: the session ends, wherever a copy of its cookie is',
  response: { 204: Type.Null() },
};
