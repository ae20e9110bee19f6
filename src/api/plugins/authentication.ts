// Nobody passes without a bearer token that the identity provider vouches for, or a session that was made from
// one. A token that cannot be judged because the provider is away is 503, not 401: a client would throw a good
// token away. A cookie comes with whatever a browser sends, so what it writes must come from a page of ours.

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { assertNever } from '../../domain/assert-never.ts';
import type { Identity, IdentityVerifier, RejectionCode } from '../../domain/identity-verifier.ts';
import { ProblemError } from '../problem.ts';
import { isSameOrigin } from '../same-origin.ts';
import { SESSION_COOKIE, type Sessions } from '../sessions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route behind authentication. */
    identity: Identity | null;
  }
}

export function createAuthentication(identities: IdentityVerifier, sessions: Sessions) {
  return fp(
    async (app) => {
      app.decorateRequest('identity', null);
      app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('cache-control', 'no-store');
        const { authorization } = request.headers;
        request.identity =
          authorization === undefined
            ? bySession(sessions, request)
            : await byToken(identities, request);
      });
    },
    { name: 'authentication', dependencies: ['problems', '@fastify/cookie'] },
  );
}

function bySession(sessions: Sessions, request: FastifyRequest): Identity {
  const identity = sessions.read(request.cookies[SESSION_COOKIE]);
  if (identity === null) throw unauthenticated();
  if (!READS.has(request.method) && !isSameOrigin(request)) {
    throw new ProblemError('cross-site', 'With a session, only a page of this origin may do this.');
  }
  return identity;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

async function byToken(identities: IdentityVerifier, request: FastifyRequest): Promise<Identity> {
  const token = bearerToken(request.headers.authorization);
  if (token === null) throw unauthenticated();
  const verification = await identities.verify(token);
  switch (verification.status) {
    case 'ok':
      return verification;
    case 'rejected':
      throw rejected(verification.code);
    case 'unavailable':
      request.log.warn({ reason: verification.reason }, 'identity provider unavailable');
      throw new ProblemError('identity-unavailable', 'The token may be good: keep it, try again.', {
        headers: { 'retry-after': '5' },
      });
    default:
      return assertNever(verification);
  }
}

const CHALLENGE = 'Bearer realm="reclaim"';

// RFC 6750's token68, bounded so that nobody makes the verifier chew on a novel.
function bearerToken(header: string | undefined): string | null {
  if (header === undefined || header.length > 8192) return null;
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header)?.[1] ?? null;
}

function unauthenticated(): ProblemError {
  return new ProblemError('unauthenticated', 'Send a token as "Authorization: Bearer …".', {
    headers: { 'www-authenticate': CHALLENGE },
  });
}

function rejected(code: RejectionCode): ProblemError {
  const challenge = `${CHALLENGE}, error="invalid_token", error_description="${code}"`;
  return new ProblemError('unauthenticated', `The token is ${code}.`, {
    headers: { 'www-authenticate': challenge },
    members: { reason: code },
  });
}
