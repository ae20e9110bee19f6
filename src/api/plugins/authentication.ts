// Nobody passes without a bearer token that the identity provider vouches for. A token that cannot be
// judged because the provider is away is 503, not 401: a client would throw a good token away.

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { assertNever } from '../../domain/assert-never.ts';
import type { Identity, IdentityVerifier, RejectionCode } from '../../domain/identity-verifier.ts';
import { ProblemError } from '../problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route behind authentication. */
    identity: Identity | null;
  }
}

export function createAuthentication(identities: IdentityVerifier) {
  return fp(
    async (app) => {
      app.decorateRequest('identity', null);
      app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('cache-control', 'no-store');
        request.identity = await authenticate(identities, request);
      });
    },
    { name: 'authentication', dependencies: ['problems'] },
  );
}

async function authenticate(
  identities: IdentityVerifier,
  request: FastifyRequest,
): Promise<Identity> {
  const token = bearerToken(request.headers.authorization);
  if (token === null) {
    throw new ProblemError('unauthenticated', 'Send a token as "Authorization: Bearer …".', {
      headers: { 'www-authenticate': CHALLENGE },
    });
  }
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

function rejected(code: RejectionCode): ProblemError {
  const challenge = `${CHALLENGE}, error="invalid_token", error_description="${code}"`;
  return new ProblemError('unauthenticated', `The token is ${code}.`, {
    headers: { 'www-authenticate': challenge },
    members: { reason: code },
  });
}
