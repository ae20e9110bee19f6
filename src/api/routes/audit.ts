// The audit, for administrators: how the books stand (I11). One user is audited at once; of all users the
// last run's report is shown, because a run over all users is no work for a request that waits.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { InterruptedError } from '@reclaim/saga';
import { toUserId } from '../../domain/ids.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ProblemError } from '../problem.ts';
import { AuditAnswerSchema, AuditQuerySchema } from '../schemas/audit.ts';
import { adminOf } from '../viewer.ts';

export type AuditRoutesDependencies = Pick<ApiDependencies, 'audits'>;

/** Of a request that audits: what is not done then is left to the hourly run. */
const DEADLINE_MS = 30_000;

export function createAuditRoutes({ audits }: AuditRoutesDependencies): FastifyPluginAsyncTypebox {
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
