// A user's bots: what they are, and their deletion. I7: 202 is sent when the saga is durable; what can
// fail after that is reported by the job. I8: a repeated request gets the same job.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { SagaRecord } from '@reclaim/saga';
import {
  AcceptedJobSchema,
  DEFAULT_PAGE_SIZE,
  type HeldAnswers,
  WaitHeadersSchema,
} from '@reclaim/saga/fastify';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { DeleteOutcome } from '../../deletion/delete-requests.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { INSTANCE_ID_PATTERN, type InstanceId, toInstanceId } from '../../domain/ids.ts';
import type { BotEvent } from '../../health/bot-events.ts';
import { botFor } from '../bot-for.ts';
import { deletionBodies, EndedDeletionSchema } from '../deletion-answer.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { describeBot } from '../describe-bot.ts';
import { statusUrl } from '../job-view.ts';
import { audienceOf, reasonsFor } from '../message-for.ts';
import { ProblemError } from '../problem.ts';
import {
  BotEventsQuerySchema,
  BotEventsSchema,
  type BotEventView,
  BotListSchema,
} from '../schemas/bots.ts';
import { identityOf, ownerOf } from '../viewer.ts';

export interface BotRoutesDependencies
  extends Pick<ApiDependencies, 'accounts' | 'deletions' | 'portfolio' | 'botHealth'> {
  readonly answers: HeldAnswers;
}

export function createBotRoutes(deps: BotRoutesDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/bots', { schema: LIST }, async (request) => {
      const owner = await ownerOf(request, deps.accounts);
      const [bots, health] = await Promise.all([
        deps.portfolio.bots(owner),
        deps.botHealth.ofUser(owner.userId),
      ]);
      const audience = audienceOf(identityOf(request));
      return {
        bots: bots.map((bot) => {
          const shown = botFor(audience, owner.firebaseUid, bot);
          const observed = health.get(bot.instanceId) ?? null;
          const isRunning = shown.docker.status === 'present' && shown.docker.running;
          return {
            ...shown,
            health: observed,
            description: describeBot({ ...shown, isRunning, health: observed }),
          };
        }),
      };
    });

    app.get('/bots/:instanceId/events', { schema: EVENTS }, async (request) => {
      const instanceId = toInstanceId(request.params.instanceId);
      const { limit = DEFAULT_PAGE_SIZE, cursor } = request.query;
      const { userId } = await ownerOf(request, deps.accounts);
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      const found = await deps.botHealth.events(userId, instanceId, page);
      if (found === null) throw notFound(instanceId);
      return { events: found.events.map(eventView), nextCursor: found.nextCursor };
    });

    app.delete('/bots/:instanceId', { schema: DELETE }, async (request, reply) => {
      const answer = deps.answers.hold(request, reply);
      const instanceId = toInstanceId(request.params.instanceId);
      const owner = await ownerOf(request, deps.accounts);
      const outcome = await deps.deletions.request({
        userId: owner.userId,
        firebaseUid: owner.firebaseUid,
        instanceId,
        requestedBy: owner.name,
        signal: AbortSignal.timeout(ACCEPT_TIMEOUT_MS),
      });
      const saga = acceptedSaga(outcome, instanceId, request);
      return answer.send(saga, owner.name, deletionBodies(audienceOf(identityOf(request))));
    });
  };
}

/** Longest time in ms to make a deletion durable; after it the caller must repeat the request, which is
 * safe. It does not end with the caller's connection: a client that disconnects still wants the bot deleted. */
const ACCEPT_TIMEOUT_MS = 15_000;

function acceptedSaga(
  answer: DeleteOutcome,
  instanceId: InstanceId,
  request: FastifyRequest,
): SagaRecord {
  switch (answer.status) {
    case 'accepted':
    case 'existing':
      return answer.saga;
    case 'held-by': {
      const { id, kind } = answer.saga;
      throw new ProblemError('bot-busy', `A job of kind ${kind} is working on the bot.`, {
        members: { jobId: id, statusUrl: statusUrl(id) },
      });
    }
    case 'not-found':
      throw notFound(instanceId);
    case 'sources-unknown':
      throw new ProblemError('sources-unknown', 'Not every source that may hold the bot answers.', {
        headers: { 'retry-after': '5' },
        members: reasonsFor(request, answer.reasons),
      });
    default:
      return assertNever(answer);
  }
}

function notFound(instanceId: InstanceId): ProblemError {
  return new ProblemError('bot-not-found', `You have no bot ${instanceId}.`);
}

function eventView({ type, detail, jobId, atMs }: BotEvent): BotEventView {
  return { type, detail, jobId, at: new Date(atMs).toISOString() };
}

const BotParamsSchema = Type.Object({
  instanceId: Type.String({ pattern: INSTANCE_ID_PATTERN }),
});

const LIST = {
  operationId: 'listBots',
  summary: 'Your bots, each with its state in the three sources',
  tags: ['bots'],
  response: { 200: BotListSchema },
};

const EVENTS = {
  operationId: 'listBotEvents',
  summary: 'What happened to a bot, newest first',
  description:
    'Its observed states, its restarts, and corrections of its status; kept for a month.',
  tags: ['bots'],
  params: BotParamsSchema,
  querystring: BotEventsQuerySchema,
  response: { 200: BotEventsSchema },
};

const DELETE = {
  operationId: 'deleteBot',
  summary: 'Delete a bot and return its money',
  description:
    'Answers 202 as soon as the deletion is durable; poll the job, or hold the answer with ' +
    '`Prefer: wait=N`. Repeating the request gives the same job.',
  tags: ['bots'],
  params: BotParamsSchema,
  headers: WaitHeadersSchema,
  response: { 200: EndedDeletionSchema, 202: AcceptedJobSchema },
};
