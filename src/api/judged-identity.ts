// The identity of a request: the identity provider's verdict on a token, or, once more, of a session that was made
// from one. A session is held to the same account as its token would be: it must not outlast a revocation.

import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { assertNever } from '../domain/assert-never.ts';
import type {
  Identity,
  IdentityVerifier,
  RejectionCode,
  Verification,
} from '../infra/identities/identity-verifier.ts';
import { CHALLENGE, ProblemError } from './problem.ts';
import { sessionCookieOf } from './session-cookie.ts';
import type { Sessions } from './sessions.ts';

/** Null: no session, or one that is over. @throws ProblemError as below */
export async function sessionIdentity(
  { identities, sessions }: { readonly identities: IdentityVerifier; readonly sessions: Sessions },
  request: FastifyRequest,
): Promise<Identity | null> {
  const identity = await sessions.read(sessionCookieOf(request));
  if (identity === null) return null;
  return judged(await identities.confirm(identity), request.log);
}

/** @throws ProblemError `unauthenticated`, `identity-unavailable` */
export function judged(verification: Verification, log: FastifyBaseLogger): Identity {
  switch (verification.status) {
    case 'ok':
      return verification;
    case 'rejected':
      throw rejected(verification.code);
    case 'unavailable':
      log.warn({ reason: verification.reason }, 'identity provider unavailable');
      throw new ProblemError('identity-unavailable', 'The token may be good: keep it, try again.', {
        headers: { 'retry-after': '5' },
      });
    default:
      return assertNever(verification);
  }
}

function rejected(code: RejectionCode): ProblemError {
  const challenge = `${CHALLENGE}, error="invalid_token", error_description="${code}"`;
  return new ProblemError('unauthenticated', `The token is ${code}.`, {
    headers: { 'www-authenticate': challenge },
    members: { reason: code },
  });
}
