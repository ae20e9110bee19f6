// Bringing wallet, pool state and Docker back in step: one user's, on demand, and all users', for administrators.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  AcceptedJobSchema,
  type HeldAnswers,
  sendAccepted,
  WaitHeadersSchema,
} from '@reclaim/saga/fastify';
import type { ApiDependencies } from '../dependencies.ts';
import { statusUrl } from '../job-view.ts';
import { audienceOf } from '../message-for.ts';
import { EndedSyncSchema, SyncAllQuerySchema, SyncQuerySchema } from '../schemas/sync.ts';
import { rehearsalAnswer, syncBodies } from '../sync-answer.ts';
import { adminOf, auditName, identityOf, ownerOf } from '../viewer.ts';

export interface SyncRoutesDependencies
  extends Pick<ApiDependencies, 'accounts' | 'syncs' | 'firstReport' | 'syncAll'> {
  readonly answers: HeldAnswers;
}

/** A dry run observes every source twice, each time bounded by its host's own deadlines. */
const REHEARSAL_TIMEOUT_MS = 30_000;

export function createSyncRoutes(deps: SyncRoutesDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post('/sync-wallet', { schema: SYNC_WALLET }, async (request, reply) => {
      const { dryRun = false, passive = false } = request.query;
      const answer = deps.answers.hold(request, reply);
      const audience = audienceOf(identityOf(request));
      const { userId, firebaseUid, name } = await ownerOf(request, deps.accounts);
      const user = { userId, firebaseUid };
      // A page that opens pays nothing before the first report is confirmed.
      if (dryRun || (passive && !(await deps.firstReport.isConfirmed()))) {
        const deadline = AbortSignal.timeout(REHEARSAL_TIMEOUT_MS);
        const signal = AbortSignal.any([answer.clientGone, deadline]);
        return rehearsalAnswer(await deps.syncs.rehearse(user, signal), audience);
      }
      const trigger = passive ? 'passive' : 'explicit';
      const saga = await deps.syncs.request({ ...user, trigger, requestedBy: name });
      return answer.send(saga, name, syncBodies(audience));
    });

    app.post('/admin/sync-all', { schema: SYNC_ALL }, async (request, reply) => {
      const { firebaseUid, isAdmin } = adminOf(request);
      const { dryRun = false, force = false } = request.query;
      const requestedBy = auditName(firebaseUid, isAdmin);
      const saga = await deps.syncAll({ trigger: 'explicit', dryRun, force }, requestedBy);
      return sendAccepted(reply, saga, statusUrl(saga.id), 2);
    });
  };
}

const SYNC_WALLET = {
  operationId: 'syncWallet',
  summary: 'Find orphaned allocations and return their money',
  description:
    'Observes twice, a few seconds apart, and repairs what both observations found. 202 as soon as the run is ' +
    'durable; hold the answer with `Prefer: wait=N`. What a source could not answer is skipped with the ' +
    'reason; nothing is returned on the absence of evidence.',
  tags: ['wallet'],
  querystring: SyncQuerySchema,
  headers: WaitHeadersSchema,
  response: { 200: EndedSyncSchema, 202: AcceptedJobSchema },
};

const SYNC_ALL = {
  operationId: 'syncAll',
  summary: "Bring all users' wallets back in step",
  description: 'For administrators. The job shows what was found, and which guard stopped it.',
  tags: ['admin'],
  querystring: SyncAllQuerySchema,
  response: { 202: AcceptedJobSchema },
};
