// What an administrator sees first, in one answer. It is given while a source is away, and names that source.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { HostNow } from '../../operations/hosts-now.ts';
import type { Figures, Overview } from '../../operations/overview.ts';
import type { ApiDependencies, ComponentHealth, Health } from '../dependencies.ts';
import { OverviewSchema, type OverviewView, type SourceView } from '../schemas/overview.ts';
import { adminOf } from '../viewer.ts';

export type OverviewRoutesDependencies = Pick<ApiDependencies, 'adminReads' | 'health'>;

const OVERVIEW_TIMEOUT_MS = 10_000;

export function createOverviewRoutes(deps: OverviewRoutesDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/admin/overview', { schema: OVERVIEW }, async (request, reply) => {
      adminOf(request);
      reply.header('cache-control', 'no-store');
      const [overview, health] = await Promise.all([
        deps.adminReads.overview(AbortSignal.timeout(OVERVIEW_TIMEOUT_MS)),
        deps.health(),
      ]);
      return overviewView(overview, health);
    });
  };
}

function overviewView({ at, figures, hosts }: Overview, health: Health): OverviewView {
  return {
    at: at.toISOString(),
    figures: figures.status === 'ok' ? figuresView(figures.items) : null,
    reason: figures.status === 'ok' ? null : figures.reason,
    sources: [
      componentView('mongodb', health.mongodb),
      componentView('redis', health.redis),
      componentView('workers', health.workers),
      componentView('pool-state', health.poolState),
      ...hosts.map(hostView),
    ],
  };
}

function figuresView({ open, findings, ...figures }: Figures): OverviewView['figures'] {
  const counted = (isMeant: (phase: string) => boolean) =>
    open.reduce((sum, { phase, count }) => sum + (isMeant(phase) ? count : 0), 0);
  const findingKinds = [...findings].map(([kind, count]) => ({ kind, count }));
  return {
    ...figures,
    open: open.map(({ phase, ...group }) => ({ ...group, state: phase })),
    stuck: counted((phase) => phase === 'stuck'),
    underWay: counted((phase) => phase !== 'stuck'),
    findings: findingKinds.reduce((sum, { count }) => sum + count, 0),
    findingKinds,
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

function hostView({
  host,
  held: { answer, tookMs },
  lastAnswerAt,
  toConfirm,
}: HostNow): SourceView {
  return {
    name: host,
    kind: 'docker',
    status: answer.status === 'ok' ? 'ok' : 'down',
    reason: answer.status === 'ok' ? null : answer.reason,
    tookMs,
    lastAnswerAt: lastAnswerAt?.toISOString() ?? null,
    toConfirm,
  };
}

const OVERVIEW = {
  operationId: 'getOverview',
  summary: 'What is stuck, what is under way, what is left to do, and which source answers',
  tags: ['admin'],
  response: { 200: OverviewSchema },
};
