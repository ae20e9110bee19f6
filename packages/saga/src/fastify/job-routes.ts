// Jobs: listing, polling, cancelling. I9: answers are read from the log. I6: cancel is one conditional write of the log's;
// this only reports how it ended.

import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { assertNever } from '../assert-never.ts';
import type { SagaRecord } from '../log/record.ts';
import type { SagaFilter, SagaTrait } from '../log/saga-log.ts';
import type { CancelResult } from '../operate/request-cancel.ts';
import { parseSagaId, type SagaId } from '../saga-id.ts';
import { type Caller, type JobParams, jobNotFound } from './access.ts';
import { createHeldAnswers, sendAccepted } from './held-answers.ts';
import {
  AcceptedJobSchema,
  DEFAULT_PAGE_SIZE,
  type JobListQuery,
  JobParamsSchema,
  LIST_QUERIES,
  WaitHeadersSchema,
} from './job-schemas.ts';
import type { RouteContext } from './options.ts';
import { type Problem, problem } from './problem.ts';
import { listUrgentFirst } from './urgent-first.ts';

export function addJobRoutes<C extends Caller>(
  app: FastifyInstance,
  context: RouteContext<C>,
): void {
  const { sagas, access, views, statusUrl, listName = 'jobs' } = context;
  const answers = createHeldAnswers(context);

  app.get<{ Querystring: JobListQuery }>('', { schema: listSchema(context) }, async (request) => {
    const { query } = request;
    const { scope = context.for === 'operators' ? 'all' : 'own', subject } = query;
    const isOwn = scope === 'own' && subject === undefined;
    const caller = await access.callerOf(request, isOwn ? 'caller' : 'operator');
    if (isOwn && caller.subject === null) return { [listName]: [], nextCursor: null };
    const filter = await filterOf(context, query, isOwn ? caller.subject : subject);
    const isUrgent = query.order === 'urgency';
    const page = await (isUrgent ? listUrgentFirst(sagas, filter) : sagas.list(filter));
    const shown = page.sagas.map((saga) => views.view.of(saga, caller));
    return { [listName]: shown, nextCursor: page.nextCursor };
  });

  app.get<{ Params: JobParams }>(
    '/:jobId',
    { schema: getSchema(context) },
    async (request, reply) => {
      const answer = answers.hold(request, reply);
      const { saga, caller } = await access.sagaOf(request, roleOf(context));
      return views.detail.of(await answer.wait(saga, caller.name), caller);
    },
  );

  if (context.for === 'operators') return;
  const schema = context.schema('cancel', CANCEL);
  app.post<{ Params: JobParams }>('/:jobId/cancel', { schema }, async (request, reply) => {
    const { caller, saga } = await access.sagaOf(request, 'caller');
    const result = await sagas.requestCancel(saga.id, caller.name);
    const url = statusUrl(saga.id);
    return sendAccepted(reply, cancelled(result, saga.id, url), url, 1, CANCELLATION);
  });
}

/** In every state of the job: to be undone is what was requested. */
const CANCELLATION = { success: true, message: 'The cancellation is accepted' };

function roleOf({ for: audience }: Pick<RouteContext<Caller>, 'for'>) {
  return audience === 'operators' ? 'operator' : 'caller';
}

async function filterOf(
  context: Pick<RouteContext<Caller>, 'search' | 'registry'>,
  { limit = DEFAULT_PAGE_SIZE, cursor, state, kind, q }: JobListQuery,
  subject: string | null | undefined,
): Promise<SagaFilter> {
  return {
    limit,
    ...(state === undefined ? {} : { phases: [state] }),
    ...(kind === undefined ? {} : { kind }),
    ...(subject === undefined || subject === null ? {} : { subject }),
    ...(q === undefined ? {} : { anyOf: await traitsOf(q.trim(), context) }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** A text that could be several of these is searched as all of them; an index of its own serves each. */
async function traitsOf(
  value: string,
  { search, registry }: Pick<RouteContext<Caller>, 'search' | 'registry'>,
): Promise<readonly SagaTrait[]> {
  const fields = new Set(registry?.definitions?.flatMap(({ searchBy = [] }) => searchBy));
  return [
    ...(parseSagaId(value) === undefined ? [] : [{ of: 'id', value } as const]),
    { of: 'subject', value },
    ...[...fields].map((field) => ({ of: 'input', field, value }) as const),
    ...((await search?.(value)) ?? []),
  ];
}

function cancelled(result: CancelResult, jobId: SagaId, statusUrl: string): SagaRecord {
  const tooLate = (detail: string): Problem =>
    problem('too-late-to-cancel', detail, { members: { jobId, statusUrl } });
  switch (result.status) {
    case 'requested':
      return result.saga;
    case 'too-late':
      throw tooLate(TOO_LATE[result.by]);
    case 'ended':
      if (result.saga.state.phase === 'cancelled') return result.saga;
      throw tooLate(`The job has ended, ${result.saga.state.phase}.`);
    case 'not-found':
      throw jobNotFound(jobId);
    default:
      return assertNever(result);
  }
}

const TOO_LATE = {
  pivot: 'The point of no return is passed; the job finishes forward.',
  step: 'What it has begun cannot be undone; the job finishes forward.',
} as const satisfies Record<string, string>;

function listSchema<C extends Caller>({
  schema,
  views,
  listName = 'jobs',
  ...context
}: RouteContext<C>) {
  return schema('list', {
    summary: 'Jobs, newest first or the most urgent first',
    querystring: LIST_QUERIES[context.for ?? 'everyone'],
    response: {
      200: Type.Object({
        [listName]: Type.Array(views.view.schema),
        nextCursor: Type.Union([Type.String(), Type.Null()]),
      }),
    },
  });
}

function getSchema<C extends Caller>({ schema, views }: RouteContext<C>) {
  return schema('get', {
    summary: 'One job, step by step',
    params: JobParamsSchema,
    headers: WaitHeadersSchema,
    response: { 200: views.detail.schema },
  });
}

const CANCEL = {
  summary: 'Cancel a job before its point of no return',
  description:
    '202 before the point of no return; 409 after it, and while a step is at work that cannot be undone: the job finishes forward.',
  params: JobParamsSchema,
  response: { 202: AcceptedJobSchema },
};
