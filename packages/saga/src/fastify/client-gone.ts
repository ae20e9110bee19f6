// Whether the client still waits for its answer. Watched on the response: the request's own `close`
// comes as soon as its body is read, so Fastify's `request.signal` aborts healthy requests with a body.

import type { FastifyReply } from 'fastify';

/** Aborts when the connection closes before the answer was sent. */
export function clientGoneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (reply.raw.destroyed) controller.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
