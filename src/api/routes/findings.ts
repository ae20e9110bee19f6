// Findings that a person should check, for administrators. The rule of what may be decided is not here: this translates
// it to HTTP, with the decider's name from the token.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ReasonSchema } from '@reclaim/saga/fastify';
import { Type } from 'typebox';
import type { ResolveOutcome } from '../../deletion/resolve-findings.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { toUserId } from '../../domain/ids.ts';
import { RECORDED_FINDING, RESOLVE_ACTION, type RecordedFinding } from '../../findings/findings.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { statusUrl } from '../job-view.ts';
import { ProblemError } from '../problem.ts';
import { adminOf, auditName } from '../viewer.ts';

export function createFindingRoutes({
  adminReads,
  resolveFindings,
}: Pick<ApiDependencies, 'adminReads' | 'resolveFindings'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/admin/findings', { schema: LIST }, async (request) => {
      adminOf(request);
      const { userId, kind, limit = DEFAULT_FINDINGS } = request.query;
      const found = await adminReads.openFindings({
        limit,
        ...(userId === undefined ? {} : { userId: toUserId(userId) }),
        ...(kind === undefined ? {} : { kind }),
      });
      return { findings: [...found] };
    });

    app.post('/admin/findings/:id/resolve', { schema: RESOLVE }, async (request) => {
      const { firebaseUid, isAdmin } = adminOf(request);
      const { id } = request.params;
      const { action, reason } = request.body;
      const by = auditName(firebaseUid, isAdmin);
      const outcome = await resolveFindings.resolve(id, { action, reason, by });
      const finding = resolvedFinding(id, outcome);
      request.log.info({ findingId: id, action, by }, 'finding resolved');
      return finding;
    });
  };
}

function resolvedFinding(id: string, outcome: ResolveOutcome): RecordedFinding {
  switch (outcome.status) {
    case 'resolved':
      return outcome.finding;
    case 'resolved-before': {
      const { resolution } = outcome.finding;
      const detail =
        resolution === null
          ? 'Another administrator has decided before.'
          : `Decided before by ${resolution.by}: ${resolution.action}.`;
      throw new ProblemError('finding-resolved', detail, { members: { resolution } });
    }
    case 'not-found':
      throw new ProblemError('finding-not-found', `There is no finding ${id}.`);
    case 'not-allowed':
      throw new ProblemError(
        'action-not-allowed',
        `A finding of this kind is resolved by ${outcome.allowed.join(' or ')}.`,
        { members: { allowed: outcome.allowed } },
      );
    case 'held-by': {
      const { sagaId } = outcome;
      throw new ProblemError('bot-busy', 'A job is working on the bot.', {
        members: { jobId: sagaId, statusUrl: statusUrl(sagaId) },
      });
    }
    case 'allocation-gone':
      throw new ProblemError('allocation-gone', 'Nothing is left to accept; it may be removed.');
    case 'accepted-before':
      throw new ProblemError(
        'accepted-before',
        'It is a new incarnation now, and may have been paid.',
      );
    case 'not-settled':
      throw new ProblemError(
        'not-settled',
        'No settlement of it is known: it may still be owed. Accept it, or delete the bot.',
      );
    case 'not-undone':
      throw new ProblemError(
        'not-undone',
        `The ledger and the wallet do not prove that it is still missing: ${outcome.reason}.`,
      );
    default:
      return assertNever(outcome);
  }
}

const FindingsSchema = Type.Object({ findings: Type.Array(RECORDED_FINDING) });

const DEFAULT_FINDINGS = 50;

const FindingsQuerySchema = Type.Object(
  {
    userId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{24}$' })),
    kind: Type.Optional(RECORDED_FINDING.properties.kind),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: DEFAULT_FINDINGS })),
  },
  { additionalProperties: false },
);

const FindingParamsSchema = Type.Object({
  id: Type.String({ pattern: '^fnd-[0-9a-z]{1,60}$' }),
});

const ResolveFindingSchema = Type.Object(
  { action: RESOLVE_ACTION, reason: ReasonSchema },
  { additionalProperties: false },
);

const LIST = {
  operationId: 'listFindings',
  summary: 'Open findings, newest first',
  tags: ['admin'],
  querystring: FindingsQuerySchema,
  response: { 200: FindingsSchema },
};

const RESOLVE = {
  operationId: 'resolveFinding',
  summary: 'Decide about a finding',
  description:
    'Of two administrators one decides; the other gets 409. While a job holds the bot, 409 with its id.',
  tags: ['admin'],
  params: FindingParamsSchema,
  body: ResolveFindingSchema,
  response: { 200: RECORDED_FINDING },
};
