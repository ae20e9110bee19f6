// Sagas for operators: planned and steered. What a verb may do is the engine's business; this names who ordered it, and why.

import type { FastifyInstance } from 'fastify';
import { assertNever } from '../assert-never.ts';
import type { SagaRecord } from '../log/record.ts';
import { type Order, type OrderResult, VERBS } from '../operate/operators.ts';
import type { SagaId } from '../saga-id.ts';
import { type Caller, type JobParams, jobNotFound } from './access.ts';
import { JobParamsSchema } from './job-schemas.ts';
import { orderBody, RESOLVE_FIELDS, RETRY_FIELDS } from './operator-schemas.ts';
import type { RouteContext } from './options.ts';
import { problem } from './problem.ts';

const PLAN_TIMEOUT_MS = 10_000;

export function addOperatorRoutes<C extends Caller>(
  app: FastifyInstance,
  context: RouteContext<C>,
): void {
  const { sagas, access, views, schema } = context;

  const plan = { schema: schema('plan', { ...PLAN, response: { 200: views.plan.schema } }) };
  app.get<{ Params: JobParams }>('/:jobId/plan', plan, async (request) => {
    const { saga } = await access.sagaOf(request, 'operator');
    const found = await sagas.plan(saga, AbortSignal.timeout(PLAN_TIMEOUT_MS));
    if (found !== null) return views.plan.of(found);
    const detail = `This server does not know version ${saga.version} of ${saga.kind}.`;
    throw problem('verb-refused', detail);
  });

  for (const verb of VERBS) {
    const { summary, body } = ROUTES[verb];
    const response = { 200: views.detail.schema };
    const order = { schema: schema(verb, { summary, params: JobParamsSchema, body, response }) };
    app.post<{ Params: JobParams; Body: OrderBody }>(`/:jobId/${verb}`, order, async (request) => {
      const { saga, caller } = await access.sagaOf(request, 'operator');
      const by = caller.name;
      const result = await sagas.order(saga.id, { verb, by, ...orderOf(request.body) });
      const { status } = result;
      request.log.info({ sagaId: saga.id, verb, by, status }, 'verb ordered');
      return views.detail.of(ordered(result, saga.id), caller);
    });
  }
}

/** As the schema of its verb lets it through. */
type OrderBody = Pick<Order, 'reason' | 'outcome' | 'choice'> & { readonly evidence?: string };

function orderOf({ reason, evidence, ...order }: OrderBody) {
  const why = evidence === undefined ? reason : `${reason} (evidence: ${evidence})`;
  return { ...order, reason: why };
}

function ordered(result: OrderResult, id: SagaId): SagaRecord {
  switch (result.status) {
    case 'ordered':
      return result.saga;
    case 'refused':
      throw problem('verb-refused', `Not allowed: ${result.reason}.`);
    case 'conflict':
      throw problem('changed-meanwhile', 'Another order changed it just now: read it again.');
    case 'not-found':
      throw jobNotFound(id);
    default:
      return assertNever(result);
  }
}

const PLAN = {
  summary: 'What each verb would do, with fresh observations of the world',
  params: JobParamsSchema,
};

const ROUTES = {
  hold: {
    summary: 'Make a saga stuck that waits for what never comes, for the other verbs',
    body: orderBody({}),
  },
  retry: {
    summary: 'Send a stuck saga on its way again, in the direction it was going',
    body: orderBody(RETRY_FIELDS),
  },
  compensate: {
    summary: 'Take a stuck saga back, before its point of no return',
    body: orderBody({}),
  },
  skip: { summary: 'Give a best-effort step up', body: orderBody({}) },
  resolve: {
    summary: 'End a stuck saga on your word, with evidence; its lock and key are given back',
    body: orderBody(RESOLVE_FIELDS),
  },
};
