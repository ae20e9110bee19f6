// Why sources could not answer, for the body of a problem: to operators as the sources gave them, and to users not at
// all, beyond the sentence of the problem itself. An operator whom a user contacts finds it in the log by the
// request's id.

import type { FastifyRequest } from 'fastify';
import { audienceOf } from './message-for.ts';
import { identityOf } from './viewer.ts';

export function reasonsFor(
  request: FastifyRequest,
  reasons: readonly string[],
): { readonly reasons?: readonly string[] } {
  request.log.warn({ reasons }, 'sources do not answer');
  return audienceOf(identityOf(request)) === 'operator' ? { reasons } : {};
}
