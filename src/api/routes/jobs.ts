// Jobs: polling, listing, cancelling. I9: answers are read from the log. Somebody else's job is 404.
// I6: cancel is one conditional write of the log's; this only says how it ended.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { CancelResult, SagaFilter, SagaId, SagaRecord } from '@reclaim/saga';
import { assertNever } from '../../domain/assert-never.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { acceptedView, jobView, statusUrl } from '../job-view.ts';
import { BEARER } from '../plugins/documentation.ts';
import { ProblemError } from '../problem.ts';
import {
  AcceptedJobSchema,
  DEFAULT_PAGE_SIZE,
  JobListQuerySchema,
  JobListSchema,
  JobParamsSchema,
  JobSchema,
} from '../schemas/job.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import { audienceOf } from '../told.ts';
import { adminOf, type Viewer, viewerOf } from '../viewer.ts';
import { jobNotFound, visibleSaga } from '../visible-saga.ts';

export type JobRoutesDependencies = Pick<
  ApiDependencies,
  'accounts' | 'sagas' | 'stepKinds' | 'now'
>;

export function createJobRoutes(deps: JobRoutesDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/jobs', { schema: LIST }, async (request) => {
      const { limit = DEFAULT_PAGE_SIZE, cursor, state, scope } = request.query;
      if (scope === 'all') adminOf(request);
      const viewer = await viewerOf(request, deps.accounts);
      const subject = scope === 'all' ? {} : ownJobs(viewer);
      if (subject === null) return { jobs: [], nextCursor: null };
      const filter: SagaFilter = {
        ...subject,
        limit,
        ...(state === undefined ? {} : { phases: [state] }),
        ...(cursor === undefined ? {} : { cursor }),
      };
      const page = await deps.sagas.list(filter);
      const jobs = page.sagas.map((saga) => jobView(saga, deps, audienceOf(viewer)));
      return { jobs, nextCursor: page.nextCursor };
    });

    app.get('/jobs/:jobId', { schema: GET }, async (request) => {
      const { saga, viewer } = await visibleSaga(request, deps);
      return jobView(saga, deps, audienceOf(viewer));
    });

    app.post('/jobs/:jobId/cancel', { schema: CANCEL }, async (request, reply) => {
      const { viewer, saga } = await visibleSaga(request, deps);
      const result = await deps.sagas.requestCancel(saga.id, viewer.name);
      return reply
        .code(202)
        .header('location', statusUrl(saga.id))
        .header('retry-after', '1')
        .send({ ...acceptedView(cancelled(result, saga.id)), ...CANCELLATION });
    });
  };
}

/** Whatever state it finds the job in: to be undone is what was asked for. */
const CANCELLATION = { success: true, message: 'The cancellation is accepted' };

/** The filter of a viewer's own jobs; null for an administrator who has no account, hence no jobs. */
function ownJobs({ userId }: Viewer): { readonly subject: string } | null {
  return userId === null ? null : { subject: userId };
}

function cancelled(result: CancelResult, jobId: SagaId): SagaRecord {
  switch (result.status) {
    case 'requested':
      return result.saga;
    case 'too-late':
      throw tooLate(jobId, TOO_LATE[result.by]);
    case 'ended':
      if (result.saga.state.phase === 'cancelled') return result.saga;
      throw tooLate(jobId, `The job has ended, ${result.saga.state.phase}.`);
    case 'not-found':
      throw jobNotFound(jobId);
    default:
      return assertNever(result);
  }
}

const TOO_LATE = {
  pivot: 'The point of no return is passed; the job finishes forward.',
  step: 'What it has begun cannot be undone: this bot is removed by its stop; the job finishes forward.',
} as const satisfies Record<string, string>;

function tooLate(jobId: SagaId, detail: string): ProblemError {
  return new ProblemError('too-late-to-cancel', detail, {
    members: { jobId, statusUrl: statusUrl(jobId) },
  });
}

const LIST = {
  operationId: 'listJobs',
  summary: 'Your jobs, newest first',
  tags: ['jobs'],
  security: BEARER,
  querystring: JobListQuerySchema,
  response: { 200: JobListSchema, ...PROBLEM_RESPONSES },
};

const GET = {
  operationId: 'getJob',
  summary: 'One job, step by step',
  tags: ['jobs'],
  security: BEARER,
  params: JobParamsSchema,
  response: { 200: JobSchema, ...PROBLEM_RESPONSES },
};

const CANCEL = {
  operationId: 'cancelJob',
  summary: 'Cancel a job before its point of no return',
  description:
    '202 before the point of no return; 409 after it: the job finishes forward. A bot whose container removes itself when it stops (`--rm`) has that point where its stop begins.',
  tags: ['jobs'],
  security: BEARER,
  params: JobParamsSchema,
  response: { 202: AcceptedJobSchema, ...PROBLEM_RESPONSES },
};
