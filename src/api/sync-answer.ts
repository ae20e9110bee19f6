// What POST /sync-wallet answers for the state its run is in: 200 when it has ended, 202 while it has not, stuck
// included. A pure translation of the stored record (I9).

import { Value } from 'typebox/value';
import { assertNever } from '../domain/assert-never.ts';
import type { SyncRehearsal } from '../reconciliation/rehearse-sync.ts';
import type { SagaRecord } from '../saga/record.ts';
import { acceptedView } from './job-view.ts';
import type { AcceptedJob } from './schemas/job.ts';
import { type EndedSync, SyncResultSchema } from './schemas/sync.ts';

export type SyncAnswer =
  | { readonly status: 200; readonly body: EndedSync }
  | { readonly status: 202; readonly body: AcceptedJob; readonly retryAfterSeconds: number };

/** A run waits for its second look, a few seconds. */
const OPEN_RETRY_SECONDS = 2;
/** A stuck run waits for a person. */
const STUCK_RETRY_SECONDS = 30;

/** @throws TypeError when a completed run's result is not a synchronisation's. */
export function syncAnswer(saga: SagaRecord): SyncAnswer {
  const { phase } = saga.state;
  switch (phase) {
    case 'completed':
      return { status: 200, body: completed(saga) };
    case 'compensated':
    case 'cancelled': {
      const message = 'Synchronisation cancelled; nothing was changed';
      return {
        status: 200,
        body: { success: false, state: phase, jobId: saga.id, message, data: null },
      };
    }
    case 'stuck':
      return { status: 202, body: acceptedView(saga), retryAfterSeconds: STUCK_RETRY_SECONDS };
    case 'queued':
    case 'running':
    case 'compensating':
      return { status: 202, body: acceptedView(saga), retryAfterSeconds: OPEN_RETRY_SECONDS };
    default:
      return assertNever(phase);
  }
}

export function rehearsalAnswer({ result }: SyncRehearsal): EndedSync {
  const data = dataOf(result);
  const count = data.cleanedBots.length;
  const message = count === 0 ? IN_SYNC : `${count} orphaned bot allocation(s) would be cleaned up`;
  return { success: true, message, dryRun: true, data };
}

const IN_SYNC = 'Wallet is in sync with running bots';

function completed({ id, result, state }: SagaRecord): EndedSync {
  const data = dataOf(result);
  const count = data.cleanedBots.length;
  const warnings = state.warnings.map(({ code, message }) => ({ code, message }));
  return {
    success: true,
    message: count === 0 ? IN_SYNC : `Cleaned up ${count} orphaned bot allocation(s)`,
    jobId: id,
    data,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function dataOf(result: unknown): NonNullable<EndedSync['data']> {
  if (!Value.Check(SyncResultSchema, result)) {
    throw new TypeError('the run has no result of a synchronisation');
  }
  return result.data;
}
