// How a page signs a user in here, and the embedded demo's way of doing it. The first is read before any sign-in, so it
// reveals nothing that an anonymous client may not know. A demo user is named, and signed in without a password, only
// over loopback and under a loopback name, so that a web page that rebinds its own name to 127.0.0.1 gets nothing: anything
// else gets 404.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { parseFirebaseUid } from '../../domain/ids.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { isFromLoopback } from '../from-loopback.ts';
import { ProblemError } from '../problem.ts';
import { DemoSessionBodySchema, DemoSessionSchema, SignInSchema } from '../schemas/sessions.ts';

export function createSignInRoutes({
  demo,
  firebaseWeb,
}: Pick<ApiDependencies, 'demo' | 'firebaseWeb'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/sign-in', { schema: GET }, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      if (demo !== null && isFromLoopback(request)) {
        return { kind: 'demo' as const, users: [...(await demo.users())] };
      }
      if (firebaseWeb !== null) return { kind: 'firebase' as const, ...firebaseWeb };
      return { kind: 'token' as const };
    });

    // Before the body is read: what is wrong with it would reveal the demo.
    const onRequest = async (request: FastifyRequest) => {
      if (demo === null || !isFromLoopback(request)) {
        throw new ProblemError('not-found', 'No resource has this address.');
      }
    };
    app.post('/demo/session', { schema: DEMO, onRequest }, async (request, reply) => {
      const user = parseFirebaseUid(request.body.user);
      if (user === undefined) throw new ProblemError('invalid-request', 'This is not a user id.');
      const session = (await demo?.signIn(user)) ?? null;
      if (session === null) throw new ProblemError('not-found', 'The demo has no such user.');
      reply.header('cache-control', 'no-store');
      return { token: session.token, user, expiresAt: session.expiresAt.toISOString() };
    });
  };
}

const GET = {
  operationId: 'getSignIn',
  summary: 'How a page signs a user in',
  tags: ['session'],
  response: { 200: SignInSchema },
};

const DEMO = {
  operationId: 'openDemoSession',
  summary: 'Sign a demo user in; only in the embedded demo, over loopback',
  tags: ['demo'],
  body: DemoSessionBodySchema,
  response: { 200: DemoSessionSchema },
};
