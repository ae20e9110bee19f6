// A saga that is asked for by the id of its job, for whoever may see it. Somebody else's is answered word for
// word like one that never was.

import { parseSagaId, type SagaId, type SagaRecord } from '@reclaim/saga';
import type { FastifyRequest } from 'fastify';
import type { ApiDependencies } from './dependencies.ts';
import { ProblemError } from './problem.ts';
import { maySee, type Viewer, viewerOf } from './viewer.ts';

/** @throws ProblemError `invalid-request`, `job-not-found`, `no-account` */
export async function visibleSaga(
  request: FastifyRequest & { readonly params: { readonly jobId: string } },
  { accounts, sagas }: Pick<ApiDependencies, 'accounts' | 'sagas'>,
): Promise<{ readonly viewer: Viewer; readonly saga: SagaRecord }> {
  const jobId = parseSagaId(request.params.jobId);
  if (jobId === undefined) throw new ProblemError('invalid-request', 'This is not a job id.');
  const viewer = await viewerOf(request, accounts);
  const saga = await sagas.find(jobId);
  if (saga === null || !maySee(viewer, saga)) throw jobNotFound(jobId);
  return { viewer, saga };
}

export function jobNotFound(jobId: SagaId): ProblemError {
  return new ProblemError('job-not-found', `You have no job ${jobId}.`);
}
