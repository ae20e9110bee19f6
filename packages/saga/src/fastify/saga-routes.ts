// What any saga needs over HTTP, as one Fastify plugin under a prefix: a list, one job (polled, or held back until its end
// by `Prefer: wait`), its changes as server-sent events, its cancellation, and the verbs of operators with their plan. Who
// calls, and what that caller is shown, is the product's decision; what is stored, decided and refused is the engine's.
//
//   app.register(sagaRoutes, { ...engine, authorize, prefix: '/jobs' });

import type { FastifyInstance } from 'fastify';
import { type Caller, createAccess } from './access.ts';
import { createEndWaits } from './end-waits.ts';
import { addEventRoute } from './event-route.ts';
import { addJobRoutes } from './job-routes.ts';
import { addOperatorRoutes } from './operator-routes.ts';
import type { RouteContext, SagaRoutesOptions } from './options.ts';
import { sendAsProblem } from './to-problem.ts';
import { viewsOf } from './views.ts';

export async function sagaRoutes<C extends Caller = Caller>(
  app: FastifyInstance,
  options: SagaRoutesOptions<C>,
): Promise<void> {
  const { sagas, authorize, waits = createEndWaits(sagas), nowMs = Date.now } = options;
  app.setErrorHandler(options.errorHandler ?? sendAsProblem);
  app.addHook('preClose', async () => waits.close());
  const context: RouteContext<C> = {
    ...{ ...options, waits, nowMs },
    access: createAccess(sagas, authorize),
    views: viewsOf({ ...options, nowMs }),
    statusUrl: (id) => `${app.prefix}/${id}`,
    schema: (route, schema) => options.document?.(route, schema) ?? schema,
  };
  addJobRoutes(app, context);
  if (options.for !== 'operators') addEventRoute(app, context);
  if (options.for !== 'callers') addOperatorRoutes(app, context);
}
