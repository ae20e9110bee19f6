// The observed state of a saga's bot in each source, for an operator who decides what happens to it.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { parseSagaId } from '@reclaim/saga';
import { JobParamsSchema } from '@reclaim/saga/fastify';
import { OBSERVED_STATE } from '../../operations/observed-state.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';
import { adminOf } from '../viewer.ts';

/** Longer than the deadline of any observation. */
const WORLD_TIMEOUT_MS = 10_000;

export function createWorldRoutes(
  deps: Pick<ApiDependencies, 'sagas' | 'adminReads'>,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/admin/sagas/:jobId/world', { schema: WORLD }, async (request, reply) => {
      adminOf(request);
      reply.header('cache-control', 'no-store');
      const id = parseSagaId(request.params.jobId);
      if (id === undefined) throw new ProblemError('invalid-request', 'This is not a job id.');
      const saga = await deps.sagas.find(id);
      if (saga === null) throw new ProblemError('job-not-found', `There is no job ${id}.`);
      return deps.adminReads.world(saga, AbortSignal.timeout(WORLD_TIMEOUT_MS));
    });
  };
}

const WORLD = {
  operationId: 'getSagaWorld',
  summary: 'The observed state of the bot in each source, beside the state that the log expects',
  description:
    'Fresh observations, each bounded: a source that does not answer is unknown, with its reason. A saga about no bot, or about more than one, has no sources.',
  tags: ['admin'],
  params: JobParamsSchema,
  response: { 200: OBSERVED_STATE },
};
