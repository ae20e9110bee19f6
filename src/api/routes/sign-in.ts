// How a page signs a user in here: read before any sign-in, so it reveals nothing that an anonymous client may not
// know. The demo's users are named over loopback alone, as they are signed in.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { ApiDependencies } from '../dependencies.ts';
import { isFromLoopback } from '../from-loopback.ts';
import { SignInSchema } from '../schemas/sessions.ts';

export type SignInDependencies = Pick<ApiDependencies, 'demo' | 'firebaseWeb'>;

export function createSignInRoutes({
  demo,
  firebaseWeb,
}: SignInDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/sign-in', { schema: GET }, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      if (demo !== null && isFromLoopback(request)) {
        return { kind: 'demo' as const, users: [...(await demo.users())] };
      }
      if (firebaseWeb !== null) return { kind: 'firebase' as const, ...firebaseWeb };
      return { kind: 'token' as const };
    });
  };
}

const GET = {
  operationId: 'getSignIn',
  summary: 'How a page signs a user in',
  tags: ['session'],
  response: { 200: SignInSchema },
};
