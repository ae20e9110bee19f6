// For operators and process managers: is the process alive, and can it take work. Ready means that
// MongoDB takes a write, because a 202 needs no more (I7); what else is away is named, not hidden.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ApiDependencies, Health } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';

export function createHealthRoutes(
  deps: Pick<ApiDependencies, 'health'>,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/livez', { schema: LIVE }, async () => ({ status: 'ok' as const }));

    app.get('/readyz', { schema: READY }, async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const health = await deps.health();
      const degraded = whatIsDown(health);
      if (health.mongodb.status !== 'ok') {
        throw new ProblemError('not-ready', 'MongoDB does not take a write.', {
          headers: { 'retry-after': '5' },
          members: { degraded },
        });
      }
      return { status: degraded.length === 0 ? ('ok' as const) : ('degraded' as const), degraded };
    });
  };
}

/** Names of ours only, because anonymous clients may read it: which Docker host is away, and what is wrong with it, is
 * for the log and the operator. */
function whatIsDown({ mongodb, redis, workers, poolState, docker }: Health): string[] {
  const hosts = Object.values(docker).map((health) => ['docker', health] as const);
  const components = [
    ['mongodb', mongodb],
    ['redis', redis],
    ['workers', workers],
    ['pool-state', poolState],
  ] as const;
  const down = [...components, ...hosts].filter(([, { status }]) => status !== 'ok');
  return [...new Set(down.map(([name]) => name))];
}

const LiveSchema = Type.Object({ status: Type.Literal('ok') });

const ReadySchema = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  degraded: Type.Array(Type.String(), { description: 'Names of what cannot do its work.' }),
});

const LIVE = {
  operationId: 'livez',
  summary: 'Whether the process is alive',
  tags: ['health'],
  response: { 200: LiveSchema },
};

const READY = {
  operationId: 'readyz',
  summary: 'Whether the service can take work, and what is degraded',
  tags: ['health'],
  response: { 200: ReadySchema },
};
