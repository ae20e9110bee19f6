// What an administrator sees first, in one answer. It is given while a source is away, and names that source.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { OverviewSchema, type SourceView } from '../../operations/overview-schema.ts';
import type { ApiDependencies, ComponentHealth } from '../dependencies.ts';
import { adminOf } from '../viewer.ts';

const OVERVIEW_TIMEOUT_MS = 10_000;

export function createOverviewRoutes(
  deps: Pick<ApiDependencies, 'adminReads' | 'health'>,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/admin/overview', { schema: OVERVIEW }, async (request, reply) => {
      adminOf(request);
      reply.header('cache-control', 'no-store');
      const [overview, health] = await Promise.all([
        deps.adminReads.overview(AbortSignal.timeout(OVERVIEW_TIMEOUT_MS)),
        deps.health(),
      ]);
      const components = [
        componentView('mongodb', health.mongodb),
        componentView('redis', health.redis),
        componentView('workers', health.workers),
        componentView('pool-state', health.poolState),
      ];
      return { ...overview, sources: [...components, ...overview.sources] };
    });
  };
}

function componentView(
  kind: 'mongodb' | 'redis' | 'workers' | 'pool-state',
  health: ComponentHealth,
): SourceView {
  return {
    name: kind,
    kind,
    status: health.status,
    reason: health.status === 'ok' ? null : health.reason,
    tookMs: health.tookMs ?? null,
    lastAnswerAt: null,
    toConfirm: null,
  };
}

const OVERVIEW = {
  operationId: 'getOverview',
  summary: 'What is stuck, what is under way, what is left to do, and which source answers',
  tags: ['admin'],
  response: { 200: OverviewSchema },
};
