// What POST /sync-wallet answers when its run has ended, and what a rehearsal is answered.

import type { SagaRecord } from '@reclaim/saga';
import type { EndedBodies } from '@reclaim/saga/fastify';
import { Value } from 'typebox/value';
import type { SyncResult } from '../sync/sync-reports.ts';
import { isEndedByHand, plainWarnings, syncFor } from './job-view.ts';
import type { Audience } from './message-for.ts';
import { type EndedSync, type SyncData, SyncResultSchema } from './schemas/sync.ts';

/** A completed run whose result is not a synchronisation's throws a TypeError, unless an operator ended it. */
export function syncBodies(audience: Audience): EndedBodies<EndedSync> {
  return {
    completed: (saga) => completed(saga, audience),
    compensated: unchanged,
    cancelled: unchanged,
    // A run waits for its second observation, a few seconds.
    retrySeconds: 2,
  };
}

function unchanged(saga: SagaRecord): EndedSync {
  return withoutData(
    saga,
    isEndedByHand(saga) ? BY_HAND : 'Synchronisation cancelled; nothing was changed',
  );
}

function withoutData({ id, state }: SagaRecord, message: string): EndedSync {
  return { success: false, state: state.phase, jobId: id, message, data: null };
}

export function rehearsalAnswer(result: SyncResult, audience: Audience): EndedSync {
  const data = dataOf(result, audience);
  const count = data.cleanedBots.length;
  const message = count === 0 ? IN_SYNC : `${count} orphaned bot allocation(s) would be cleaned up`;
  return { success: true, message, dryRun: true, data };
}

const IN_SYNC = 'Wallet is in sync with running bots';

function completed(saga: SagaRecord, audience: Audience): EndedSync {
  const { id, result } = saga;
  if (result === null && isEndedByHand(saga)) return withoutData(saga, BY_HAND);
  const data = dataOf(result, audience);
  const count = data.cleanedBots.length;
  return {
    success: true,
    message: count === 0 ? IN_SYNC : `Cleaned up ${count} orphaned bot allocation(s)`,
    jobId: id,
    data,
    ...plainWarnings(saga, audience),
  };
}

const BY_HAND = 'Closed by an operator before it came to its end; synchronise again';

function dataOf(result: unknown, audience: Audience): SyncData {
  if (!Value.Check(SyncResultSchema, result)) {
    throw new TypeError('the run has no result of a synchronisation');
  }
  return syncFor(audience, result.data);
}
