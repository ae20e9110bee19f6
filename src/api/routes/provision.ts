// Making a bot. I7: 202 is sent when the saga is durable; what can fail after that is reported by the job. I8: a
// request that is repeated with its Idempotency-Key is given the same job.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { SagaRecord } from '@reclaim/saga';
import { AcceptedJobSchema, type HeldAnswers, WaitHeadersSchema } from '@reclaim/saga/fastify';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { assertNever } from '../../domain/assert-never.ts';
import { MAX_MONEY, parseMinor } from '../../domain/money.ts';
import type { ProvisionOutcome } from '../../provisioning/provision-requests.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { statusUrl } from '../job-view.ts';
import { audienceOf, reasonsFor } from '../message-for.ts';
import { ProblemError } from '../problem.ts';
import { EndedProvisionSchema, provisionBodies } from '../provision-answer.ts';
import { identityOf, ownerOf } from '../viewer.ts';

export interface ProvisionRoutesDependencies
  extends Pick<ApiDependencies, 'accounts' | 'provisions'> {
  readonly answers: HeldAnswers;
}

export function createProvisionRoutes(
  deps: ProvisionRoutesDependencies,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/provision', { schema: PROVISION }, async (request, reply) => {
      const answer = deps.answers.hold(request, reply);
      const bot = newBotOf(request.body);
      const { userId, firebaseUid, name } = await ownerOf(request, deps.accounts);
      const outcome = await deps.provisions.request({
        userId,
        firebaseUid,
        ...bot,
        key: request.headers['idempotency-key'] ?? null,
        requestedBy: name,
        signal: AbortSignal.timeout(ACCEPT_TIMEOUT_MS),
      });
      const saga = acceptedSaga(outcome, request);
      return answer.send(saga, name, provisionBodies(audienceOf(identityOf(request))));
    });
  };
}

/** Longest time in ms to find a slot and make the provision durable. It does not end with the caller's
 * connection: a client that disconnects and repeats the request with the same key must find the job. */
const ACCEPT_TIMEOUT_MS = 15_000;

/** 1 to 64 characters, none of which is invisible or steers the text around it. */
const BOT_NAME = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

function newBotOf(body: { readonly botName: string; readonly allocatedAmount: number }) {
  const { allocatedAmount } = body;
  const botName = body.botName.trim();
  if (!BOT_NAME.test(botName)) {
    throw new ProblemError('invalid-request', 'botName must be 1 to 64 printable characters.');
  }
  const amountMinor = parseMinor(allocatedAmount);
  if (amountMinor === undefined) {
    const rule = 'an amount of dollars above 0 with at most two decimals';
    throw new ProblemError('invalid-request', `allocatedAmount must be ${rule}.`);
  }
  return { botName, allocatedAmount, amountMinor };
}

function acceptedSaga(outcome: ProvisionOutcome, request: FastifyRequest): SagaRecord {
  switch (outcome.status) {
    case 'accepted':
    case 'existing':
      return outcome.saga;
    case 'held-by': {
      const { id, kind } = outcome.saga;
      throw new ProblemError('bot-busy', `A job of kind ${kind} works on the new bot's id.`, {
        members: { jobId: id, statusUrl: statusUrl(id) },
      });
    }
    case 'key-reused':
      throw new ProblemError(
        'idempotency-key-reused',
        'This Idempotency-Key was sent before with another body.',
      );
    case 'key-expired':
      throw new ProblemError(
        'idempotency-key-expired',
        'This Idempotency-Key was used before, and its job is not kept any more. Send a new key for a new bot.',
      );
    case 'off':
      throw new ProblemError('provisioning-off', PROVISIONING_OFF);
    case 'unusable-uid':
      throw new ProblemError(
        'unusable-user-id',
        "A new bot's id may hold letters, digits, - and _ only, and your user id holds others.",
      );
    case 'insufficient-funds': {
      const { balance } = outcome;
      const held = balance === null ? 'no amount of money' : 'less than that';
      throw new ProblemError('insufficient-funds', `Your wallet holds ${held}.`, {
        members: { balance },
      });
    }
    case 'no-pool':
      throw new ProblemError('no-pool', NO_POOL[outcome.reason], {
        members: { reason: outcome.reason },
      });
    case 'unfinished-deletion':
      throw new ProblemError(
        'unfinished-deletion',
        `What is left of ${outcome.instanceId} is still being removed; try again in a minute.`,
        { headers: { 'retry-after': '30' } },
      );
    case 'sources-unknown':
      throw new ProblemError('sources-unknown', 'Not every source that is needed answers.', {
        headers: { 'retry-after': '5' },
        members: reasonsFor(request, outcome.reasons),
      });
    default:
      return assertNever(outcome);
  }
}

const PROVISIONING_OFF =
  'No new bots are started here, because PROVISION is off: a platform that starts bots on the same pools would give ' +
  'out the same slots and ports. Start the bot there; PROVISION=on changes this.';

const NO_POOL = {
  none: 'You have no pool, and bots of their own are not offered here.',
  'not-running': 'None of your pools runs.',
  full: 'Every pool of yours that runs is full.',
} as const;

/** Characters that a name is sent with at most, white space around it included. */
const MAX_SENT = 256;

const ProvisionBodySchema = Type.Object(
  {
    botName: Type.String({
      maxLength: MAX_SENT,
      description: '1 to 64 printable characters; white space around it is dropped.',
    }),
    allocatedAmount: Type.Number({
      exclusiveMinimum: 0,
      maximum: MAX_MONEY,
      description: 'Dollars, with at most two decimals.',
    }),
  },
  { additionalProperties: false },
);

const ProvisionHeadersSchema = Type.Object({
  ...WaitHeadersSchema.properties,
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x20-\\x7e]+$',
      description:
        'The same key with the same body is the same job for 48 hours, and for as long as the job is kept; ' +
        'with another body, or when the job is not kept any more, it is refused.',
    }),
  ),
});

const PROVISION = {
  operationId: 'provisionBot',
  summary: 'Start a new bot with a part of your balance',
  description:
    'Answers 202 as soon as the provision is durable; poll the job, or hold the answer with ' +
    '`Prefer: wait=N`. Repeating the request with the same Idempotency-Key gives the same job; ' +
    'without one, every request is a new bot. A bot that does not start gives its money back. Where ' +
    '`PROVISION` is off, as by default beside a platform, the answer is 409 `provisioning-off`.',
  tags: ['bots'],
  body: ProvisionBodySchema,
  headers: ProvisionHeadersSchema,
  response: { 200: EndedProvisionSchema, 202: AcceptedJobSchema },
};
