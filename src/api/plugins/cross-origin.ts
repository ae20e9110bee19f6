// Pages of other origins that may call the API: the platform's own, by ALLOWED_ORIGINS. They send a token, never a cookie
// of ours: a session is for our own pages, so no answer allows credentials. Nothing is allowed to an origin that is not
// named, and a browser then keeps the answer from the page.

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { API_PREFIX } from '../job-view.ts';

const METHODS = 'GET, POST, DELETE';
const SENT = 'Authorization, Content-Type, Prefer, Idempotency-Key, Last-Event-ID';
/** What a page needs beside the body. */
const READ = 'Location, Retry-After, Preference-Applied, WWW-Authenticate';
/** As long as browsers remember at all. */
const MAX_AGE_SECONDS = '7200';

export function createCrossOrigin(allowedOrigins: readonly string[]) {
  const allowed = new Set(allowedOrigins);
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { origin } = request.headers;
    if (!request.url.startsWith(`${API_PREFIX}/`)) return undefined;
    // Also where nothing is allowed: a cache must not hand one origin's answer to another.
    reply.header('vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) return undefined;
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': READ });
    if (!isPreflight(request)) return undefined;
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': SENT,
        'access-control-max-age': MAX_AGE_SECONDS,
      })
      .send();
  };
  return fp(
    async (app) => {
      if (allowed.size > 0) app.addHook('onRequest', answer);
    },
    { name: 'cross-origin' },
  );
}

/** It carries no token: the request that it announces follows, with one. */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}
