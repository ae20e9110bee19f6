// No request passes without a bearer token that the identity provider vouches for, or a session that was made from
// one. A token that cannot be judged because the provider is away is 503, not 401: a client would throw a good
// token away. A browser sends its cookie with every request, so a write under it must come from a page of ours.

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Identity, IdentityVerifier } from '../../infra/identities/identity-verifier.ts';
import type { Admission } from '../admission.ts';
import { judged, sessionIdentity } from '../judged-identity.ts';
import { ProblemError, unauthenticated } from '../problem.ts';
import { isSameOrigin } from '../session-cookie.ts';
import type { Sessions } from '../sessions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route behind authentication. */
    identity: Identity | null;
  }
}

interface Who {
  readonly admission: Pick<Admission, 'know' | 'forget'>;
  readonly identities: IdentityVerifier;
  readonly sessions: Sessions;
}

export function createAuthentication(who: Who) {
  return fp(
    async (app) => {
      app.decorateRequest('identity', null);
      app.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, security: [{ bearer: [] }] };
      });
      app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('cache-control', 'no-store');
        const { authorization } = request.headers;
        try {
          request.identity =
            authorization === undefined
              ? await bySession(who, request)
              : await byToken(who, request);
        } catch (error) {
          if (error instanceof ProblemError && error.statusCode === 401) {
            who.admission.forget(request);
          }
          throw error;
        }
        who.admission.know(request, request.identity.firebaseUid);
      });
    },
    { name: 'authentication', dependencies: ['problems', '@fastify/cookie'] },
  );
}

async function bySession(who: Who, request: FastifyRequest): Promise<Identity> {
  const identity = await sessionIdentity(who, request);
  if (identity === null) throw unauthenticated();
  if (!isMeantFor(request, identity)) {
    throw unauthenticated('Another user has signed in with this browser.');
  }
  if (!READS.has(request.method) && !isSameOrigin(request)) {
    throw new ProblemError('cross-site', 'With a session, only a page of this origin may do this.');
  }
  return identity;
}

/** A page names its user: all tabs of a browser have one session, which may be another user's by now. */
function isMeantFor({ headers }: FastifyRequest, { firebaseUid }: Identity): boolean {
  const user = headers['reclaim-user'];
  return user === undefined || user === encodeURIComponent(firebaseUid);
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

async function byToken({ identities }: Who, request: FastifyRequest): Promise<Identity> {
  const token = bearerToken(request.headers.authorization);
  if (token === null) throw unauthenticated();
  return judged(await identities.verify(token), request.log);
}

// RFC 6750's token68, bounded so that no client makes the verifier parse a huge text.
function bearerToken(header: string | undefined): string | null {
  if (header === undefined || header.length > 8192) return null;
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header)?.[1] ?? null;
}
