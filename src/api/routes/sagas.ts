// Sagas for operators: found, explained, planned and steered. What a verb may do is the engine's business; this names
// who ordered it, and why.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  type Order,
  type OrderResult,
  type Plan,
  parseSagaId,
  type SagaId,
  type SagaRecord,
} from '@reclaim/saga';
import type { FastifyRequest } from 'fastify';
import { assertNever } from '../../domain/assert-never.ts';
import type { World } from '../../operations/world-now.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { BEARER } from '../plugins/documentation.ts';
import { ProblemError } from '../problem.ts';
import { traitsOf } from '../saga-search.ts';
import { sagaDetail, sagaView } from '../saga-view.ts';
import { DEFAULT_PAGE_SIZE } from '../schemas/job.ts';
import { PROBLEM_RESPONSES } from '../schemas/problem.ts';
import {
  OrderBodySchema,
  PlanSchema,
  ResolveBodySchema,
  RetryBodySchema,
  SagaDetailSchema,
  SagaListQuerySchema,
  SagaListSchema,
  SagaParamsSchema,
  WorldSchema,
} from '../schemas/sagas.ts';
import { listUrgentFirst } from '../urgent-first.ts';
import { adminOf, auditName } from '../viewer.ts';

export type SagaRoutesDependencies = Pick<
  ApiDependencies,
  'sagas' | 'accounts' | 'stepKinds' | 'queueOf' | 'now' | 'world'
>;

const PLAN_TIMEOUT_MS = 10_000;
/** Longer than the deadline of any look. */
const WORLD_TIMEOUT_MS = 10_000;

export function createSagaRoutes(deps: SagaRoutesDependencies): FastifyPluginAsyncTypebox {
  const { sagas } = deps;

  async function sagaOf(id: string): Promise<SagaRecord> {
    const saga = await sagas.find(sagaIdOf(id));
    if (saga === null) throw new ProblemError('job-not-found', `There is no saga ${id}.`);
    return saga;
  }

  async function order(request: FastifyRequest, id: string, what: Omit<Order, 'by'>) {
    const { firebaseUid, isAdmin } = adminOf(request);
    const by = auditName(firebaseUid, isAdmin);
    const result = await sagas.order(sagaIdOf(id), { ...what, by });
    request.log.info({ sagaId: id, verb: what.verb, by, status: result.status }, 'verb ordered');
    return sagaDetail(ordered(result, id), deps);
  }

  return async (app) => {
    app.get('/admin/sagas', { schema: LIST }, async (request) => {
      adminOf(request);
      const { limit = DEFAULT_PAGE_SIZE, cursor, state, kind, subject, q, order } = request.query;
      const filter = {
        limit,
        ...(state === undefined ? {} : { phases: [state] }),
        ...(kind === undefined ? {} : { kind }),
        ...(subject === undefined ? {} : { subject }),
        ...(q === undefined ? {} : { anyOf: await traitsOf(q, deps.accounts) }),
        ...(cursor === undefined ? {} : { cursor }),
      };
      const isUrgent = order === 'urgency';
      const page = await (isUrgent ? listUrgentFirst(sagas, filter) : sagas.list(filter));
      return {
        sagas: page.sagas.map((saga) => sagaView(saga, deps)),
        nextCursor: page.nextCursor,
      };
    });

    app.get('/admin/sagas/:id', { schema: DETAIL }, async (request) => {
      adminOf(request);
      return sagaDetail(await sagaOf(request.params.id), deps);
    });

    app.get('/admin/sagas/:id/plan', { schema: PLAN }, async (request) => {
      adminOf(request);
      const saga = await sagaOf(request.params.id);
      const plan = await sagas.plan(saga, AbortSignal.timeout(PLAN_TIMEOUT_MS));
      if (plan !== null) return planView(plan);
      const detail = `This server does not know version ${saga.version} of ${saga.kind}.`;
      throw new ProblemError('verb-refused', detail);
    });

    app.get('/admin/sagas/:id/world', { schema: WORLD }, async (request, reply) => {
      adminOf(request);
      reply.header('cache-control', 'no-store');
      const saga = await sagaOf(request.params.id);
      return worldView(await deps.world(saga, AbortSignal.timeout(WORLD_TIMEOUT_MS)));
    });

    app.post('/admin/sagas/:id/retry', { schema: RETRY }, (request) =>
      order(request, request.params.id, { verb: 'retry', ...request.body }),
    );

    for (const verb of ['compensate', 'skip'] as const) {
      app.post(`/admin/sagas/:id/${verb}`, { schema: orderSchema(verb) }, (request) =>
        order(request, request.params.id, { verb, reason: request.body.reason }),
      );
    }

    app.post('/admin/sagas/:id/resolve', { schema: RESOLVE }, (request) => {
      const { reason, outcome, evidence } = request.body;
      const told = `${reason} (evidence: ${evidence})`;
      return order(request, request.params.id, { verb: 'resolve', outcome, reason: told });
    });
  };
}

function sagaIdOf(text: string): SagaId {
  const id = parseSagaId(text);
  if (id === undefined) throw new ProblemError('invalid-request', 'This is not the id of a saga.');
  return id;
}

function ordered(result: OrderResult, id: string): SagaRecord {
  switch (result.status) {
    case 'ordered':
      return result.saga;
    case 'refused':
      throw new ProblemError('verb-refused', `Not allowed: ${result.reason}.`);
    case 'conflict':
      throw new ProblemError('changed-meanwhile', 'Somebody else changed it just now: look again.');
    case 'not-found':
      throw new ProblemError('job-not-found', `There is no saga ${id}.`);
    default:
      return assertNever(result);
  }
}

function planView({ verbs, observations, atRisk: moneyAtRiskMinor }: Plan) {
  return {
    verbs: verbs.map((planned) =>
      planned.isAllowed
        ? {
            ...{ verb: planned.verb, allowed: true, does: [...planned.does] },
            ...(planned.choices.length > 0 && { choices: [...planned.choices] }),
          }
        : { verb: planned.verb, allowed: false, reason: planned.reason },
    ),
    observations: [...observations],
    moneyAtRiskMinor,
  };
}

function worldView({ at, bot, sources }: World) {
  return { at: at.toISOString(), bot, sources: [...sources] };
}

const COMMON = { tags: ['admin'], security: BEARER };

const LIST = {
  ...COMMON,
  operationId: 'listSagas',
  summary: 'Sagas by state, kind and user, newest or most urgent first',
  querystring: SagaListQuerySchema,
  response: { 200: SagaListSchema, ...PROBLEM_RESPONSES },
};

const DETAIL = {
  ...COMMON,
  operationId: 'getSaga',
  summary: 'One saga with its captures and its history',
  params: SagaParamsSchema,
  response: { 200: SagaDetailSchema, ...PROBLEM_RESPONSES },
};

const PLAN = {
  ...COMMON,
  operationId: 'planSaga',
  summary: 'What each verb would do, with fresh looks at the world',
  params: SagaParamsSchema,
  response: { 200: PlanSchema, ...PROBLEM_RESPONSES },
};

const WORLD = {
  ...COMMON,
  operationId: 'getSagaWorld',
  summary: 'What each source says of the bot now, beside what the log believes',
  description:
    'Fresh looks, each bounded: a source that does not answer is unknown, with its reason. A saga about no bot, or about more than one, has no sources.',
  params: SagaParamsSchema,
  response: { 200: WorldSchema, ...PROBLEM_RESPONSES },
};

function orderSchema(verb: keyof typeof SUMMARIES) {
  return {
    ...COMMON,
    operationId: `${verb}Saga`,
    summary: SUMMARIES[verb],
    params: SagaParamsSchema,
    body: OrderBodySchema,
    response: { 200: SagaDetailSchema, ...PROBLEM_RESPONSES },
  };
}

const SUMMARIES = {
  retry: 'Send a stuck saga on its way again, in the direction it was going',
  compensate: 'Take a stuck saga back, before its point of no return',
  skip: 'Give a best-effort step up',
} as const;

const RETRY = { ...orderSchema('retry'), body: RetryBodySchema };

const RESOLVE = {
  ...COMMON,
  operationId: 'resolveSaga',
  summary: 'End a stuck saga on your word, with evidence; its mark and key are given back',
  params: SagaParamsSchema,
  body: ResolveBodySchema,
  response: { 200: SagaDetailSchema, ...PROBLEM_RESPONSES },
};
