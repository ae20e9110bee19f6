// The cookie that a session travels in. Over https its name begins with `__Host-`: a browser then takes it only from this
// very host, for all of it and over https, so that no subdomain and no page without TLS can plant one. Two cookies of the
// name are refused: one of them was planted, and nothing shows which.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { unauthenticated } from './problem.ts';
import type { Session } from './sessions.ts';

export const SESSION_COOKIE = 'reclaim_session';
const HOST_PREFIX = '__Host-';

/** @throws ProblemError `unauthenticated` where the name stands twice. */
export function sessionCookieOf(request: FastifyRequest): string | undefined {
  const values = sessionCookiesOf(request);
  if (values.length <= 1) return values[0];
  throw unauthenticated(`The cookie ${nameFor(request)} was sent twice: delete both.`);
}

/** As often as the name stands. */
export function sessionCookiesOf(request: FastifyRequest): readonly string[] {
  const name = nameFor(request);
  return (request.headers.cookie ?? '').split(';').flatMap((pair) => {
    const equals = pair.indexOf('=');
    return equals >= 0 && pair.slice(0, equals).trim() === name
      ? [pair.slice(equals + 1).trim()]
      : [];
  });
}

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, session: Session) {
  const attributes = { ...attributesFor(request), expires: session.expiresAt };
  reply.setCookie(nameFor(request), session.value, attributes);
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(nameFor(request), attributesFor(request));
}

function nameFor({ client }: FastifyRequest): string {
  return client.scheme === 'https' ? `${HOST_PREFIX}${SESSION_COOKIE}` : SESSION_COOKIE;
}

/** For the pages, the API and the queue board alike; no script reads it, no other site sends it. */
function attributesFor({ client }: FastifyRequest) {
  const secure = client.scheme === 'https';
  return { path: '/', httpOnly: true, sameSite: 'strict', secure } as const;
}

/** Whether a request with a cookie was sent by a page of ours. SameSite=Strict keeps other sites out; this keeps out other
 * ports and subdomains of the same site, which SameSite lets in. True only with positive evidence: a browser sends at
 * least one of the two headers with a write. */
export function isSameOrigin(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  const fetchSite = request.headers['sec-fetch-site'];
  if (origin === undefined && fetchSite === undefined) return false;
  const isOwnOrigin =
    origin === undefined || origin === `${request.client.scheme}://${request.client.host}`;
  const isOwnFetch = fetchSite === undefined || fetchSite === 'same-origin';
  return isOwnOrigin && isOwnFetch;
}
