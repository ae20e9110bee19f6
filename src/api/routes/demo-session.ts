// Signs a demo user in without a password: only in the embedded demo, only over loopback, and only under
// a loopback name, so that a web page that rebinds its own name to 127.0.0.1 gets nothing. Anything
// else gets 404.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { parseFirebaseUid } from '../../domain/ids.ts';
import type { DemoSessions } from '../dependencies.ts';
import { isFromLoopback } from '../from-loopback.ts';
import { ProblemError } from '../problem.ts';
import { DemoSessionBodySchema, DemoSessionSchema } from '../schemas/sessions.ts';

export function createDemoSessionRoutes(demo: DemoSessions | null): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.addHook('onRequest', async (request) => {
      if (demo === null || !isFromLoopback(request)) throw nothingHere();
    });

    app.post('/demo/session', { schema: SIGN_IN }, async (request, reply) => {
      const user = parseFirebaseUid(request.body.user);
      if (user === undefined) throw new ProblemError('invalid-request', 'This is not a user id.');
      const session = (await demo?.signIn(user)) ?? null;
      if (session === null) throw new ProblemError('not-found', 'The demo has no such user.');
      reply.header('cache-control', 'no-store');
      return { token: session.token, user, expiresAt: session.expiresAt.toISOString() };
    });
  };
}

function nothingHere(): ProblemError {
  return new ProblemError('not-found', 'No resource has this address.');
}

const SIGN_IN = {
  operationId: 'openDemoSession',
  summary: 'Sign a demo user in; only in the embedded demo, over loopback',
  tags: ['demo'],
  body: DemoSessionBodySchema,
  response: { 200: DemoSessionSchema },
};
