// The audit, for administrators: how the books stand (I11). One user is audited at once; of all users the
// last run's report is shown, because a run over all users is no work for a request that waits.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { InterruptedError } from '@reclaim/saga';
import { Type } from 'typebox';
import { toUserId } from '../../domain/ids.ts';
import {
  AUDIT_RUN,
  CHAIN_REPORT,
  PAID_TWICE,
  WRITE_OFFS,
} from '../../wallet/audit/audit-report.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';
import { adminOf } from '../viewer.ts';

/** Of a request that audits: what is not done then is left to the hourly run. */
const DEADLINE_MS = 30_000;

export function createAuditRoutes({
  audits,
}: Pick<ApiDependencies, 'audits'>): FastifyPluginAsyncTypebox {
  const auditUser = async (id: string) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const user = await audits.auditUser(toUserId(id), { signal }).catch(refuseLate);
    const isKnown = user.status !== 'account-gone' || user.writeOffs.count > 0;
    if (!isKnown) throw new ProblemError('not-found', `There is no user ${id}.`);
    return user;
  };

  return async (app) => {
    app.get('/admin/audit', { schema: AUDIT }, async (request, reply) => {
      adminOf(request);
      const { userId, fresh = false } = request.query;
      if (userId !== undefined) return { user: await auditUser(userId) };
      if (!fresh) return { run: await audits.lastRun() };
      const report = await audits.auditAll({ signal: AbortSignal.timeout(DEADLINE_MS) });
      return reply
        .code(report?.isComplete === true ? 200 : 202)
        .send({ run: await audits.lastRun() });
    });
  };
}

function refuseLate(error: unknown): never {
  if (!(error instanceof InterruptedError)) throw error;
  throw new ProblemError(
    'unavailable',
    'The history of this user takes longer to read: try again.',
    {
      headers: { 'retry-after': '30' },
      cause: error,
    },
  );
}

const AuditQuerySchema = Type.Object(
  {
    userId: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{24}$',
        description: "A user's `_id`: audits that one now.",
      }),
    ),
    fresh: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Audits all users now, for at most 30 seconds.',
      }),
    ),
  },
  { additionalProperties: false },
);

const UserAuditSchema = Type.Object({
  userId: Type.String(),
  status: Type.Enum(
    ['conserved', 'different', 'pending', 'not-ours', 'not-money', 'account-gone'],
    {
      description:
        '`pending`: it does not add up, but may be a write under way. `not-ours`: never written on.',
    },
  ),
  ingested: Type.Integer({ description: 'Rows of the platform that this audit posted.' }),
  rows: Type.Integer({ description: 'Embedded rows.' }),
  found: Type.Optional(Type.String({ description: 'What stands where the balance should.' })),
  chain: Type.Optional(CHAIN_REPORT),
  paidTwice: Type.Optional(
    Type.Array(PAID_TWICE, {
      description: 'Settlements since the last checkpoint that paid an incarnation again.',
    }),
  ),
  writeOffs: WRITE_OFFS,
});

const AuditAnswerSchema = Type.Object({
  user: Type.Optional(UserAuditSchema),
  run: Type.Optional(Type.Union([AUDIT_RUN, Type.Null()])),
});

const AUDIT = {
  operationId: 'getAudit',
  summary: 'Whether every balance is its opening and the sum of its entries',
  description:
    'With `userId` that user is audited now. Without, the report of the last run over all users with its ' +
    'age; `fresh=true` makes one first, for at most 30 seconds: 202 with `isComplete: false` when that was ' +
    'too short. An audit repairs nothing: differences are findings.',
  tags: ['admin'],
  querystring: AuditQuerySchema,
  response: { 200: AuditAnswerSchema, 202: AuditAnswerSchema },
};
