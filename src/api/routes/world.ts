// What each source says now of the bot that a saga is about, for an operator who decides what becomes of it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { parseSagaId } from '@reclaim/saga';
import { JobParamsSchema } from '@reclaim/saga/fastify';
import type { World } from '../../operations/observed-state.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';
import { WorldSchema } from '../schemas/sagas.ts';
import { adminOf } from '../viewer.ts';

export type WorldRoutesDependencies = Pick<ApiDependencies, 'sagas' | 'adminReads'>;

/** Longer than the deadline of any observation. */
const WORLD_TIMEOUT_MS = 10_000;

export function createWorldRoutes(deps: WorldRoutesDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/admin/sagas/:jobId/world', { schema: WORLD }, async (request, reply) => {
      adminOf(request);
      reply.header('cache-control', 'no-store');
      const id = parseSagaId(request.params.jobId);
      if (id === undefined) throw new ProblemError('invalid-request', 'This is not a job id.');
      const saga = await deps.sagas.find(id);
      if (saga === null) throw new ProblemError('job-not-found', `There is no job ${id}.`);
      return worldView(await deps.adminReads.world(saga, AbortSignal.timeout(WORLD_TIMEOUT_MS)));
    });
  };
}

function worldView({ at, bot, sources }: World) {
  return { at: at.toISOString(), bot, sources: [...sources] };
}

const WORLD = {
  operationId: 'getSagaWorld',
  summary: 'What each source says of the bot now, beside what the log believes',
  description:
    'Fresh observations, each bounded: a source that does not answer is unknown, with its reason. A saga about no bot, or about more than one, has no sources.',
  tags: ['admin'],
  params: JobParamsSchema,
  response: { 200: WorldSchema },
};
