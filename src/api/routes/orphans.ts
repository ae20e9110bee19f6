// How many orphans there were over time: a user's own runs, and for administrators the runs over all users.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { OrphanSample } from '../../sync/mongodb/orphan-samples.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';
import {
  DEFAULT_SAMPLES,
  OrphanHistoryQuerySchema,
  OrphanHistorySchema,
  type OrphanSampleView,
} from '../schemas/orphans.ts';
import { adminOf, ownerOf } from '../viewer.ts';

interface HistoryQuery {
  readonly since?: string;
  readonly limit?: number;
}

export function createOrphanRoutes(
  deps: Pick<ApiDependencies, 'accounts' | 'adminReads' | 'now'>,
): FastifyPluginAsyncTypebox {
  const history = async (
    userId: OrphanSample['userId'],
    { since, limit = DEFAULT_SAMPLES }: HistoryQuery,
  ) => {
    const from = since === undefined ? monthBefore(deps.now()) : momentOf(since);
    const samples = await deps.adminReads.orphanHistory({ userId, since: from, limit });
    return { samples: samples.map(sampleView) };
  };
  return async (app) => {
    app.get('/orphans/history', { schema: OWN }, async (request) => {
      const { userId } = await ownerOf(request, deps.accounts);
      return history(userId, request.query);
    });

    app.get('/admin/orphans/history', { schema: ALL }, async (request) => {
      adminOf(request);
      return history(null, request.query);
    });
  };
}

const MONTH_MS = 30 * 86_400_000;

function monthBefore(now: Date): Date {
  return new Date(now.getTime() - MONTH_MS);
}

// The form is checked by the schema; the 31st of February has it too.
function momentOf(since: string): Date {
  const moment = new Date(since);
  if (Number.isNaN(moment.getTime())) {
    throw new ProblemError('invalid-request', `There is no moment ${since}.`);
  }
  return moment;
}

function sampleView({ runId, userId: _, ...sample }: OrphanSample): OrphanSampleView {
  return { jobId: runId, ...sample };
}

const OWN = {
  operationId: 'listOrphanSamples',
  summary: 'Your orphaned allocations over time, newest first',
  tags: ['wallet'],
  querystring: OrphanHistoryQuerySchema,
  response: { 200: OrphanHistorySchema },
};

const ALL = {
  operationId: 'listAllOrphanSamples',
  summary: "All users' orphaned allocations over time, newest first",
  tags: ['admin'],
  querystring: OrphanHistoryQuerySchema,
  response: { 200: OrphanHistorySchema },
};
