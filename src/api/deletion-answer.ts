// What a DELETE answers for the state its saga is in: 200 when it has ended, 202 while it has not,
// stuck included. A pure translation of the stored record (I9).

import { Value } from 'typebox/value';
import { assertNever } from '../domain/assert-never.ts';
import { formatMinor } from '../domain/money.ts';
import type { SagaRecord } from '../saga/record.ts';
import { acceptedView } from './job-view.ts';
import { DeletionResultSchema, type EndedDeletion } from './schemas/deletion.ts';
import type { AcceptedJob } from './schemas/job.ts';

export type DeletionAnswer =
  | { readonly status: 200; readonly body: EndedDeletion }
  | { readonly status: 202; readonly body: AcceptedJob; readonly retryAfterSeconds: number };

/** @throws TypeError when a completed saga's result is not a deletion's: to answer `wallet: null` then
 * would say that no money moved. */
export function deletionAnswer(saga: SagaRecord): DeletionAnswer {
  switch (saga.state.phase) {
    case 'completed':
      return { status: 200, body: completed(saga) };
    case 'compensated':
      return {
        status: 200,
        body: unchanged(saga, 'The bot was not deleted; everything is as it was before'),
      };
    case 'cancelled':
      return { status: 200, body: unchanged(saga, 'Deletion cancelled; nothing was changed') };
    case 'stuck':
      return { status: 202, body: acceptedView(saga), retryAfterSeconds: STUCK_RETRY_SECONDS };
    case 'queued':
    case 'running':
    case 'compensating':
      return { status: 202, body: acceptedView(saga), retryAfterSeconds: OPEN_RETRY_SECONDS };
    default:
      return assertNever(saga.state.phase);
  }
}

/** A deletion takes a second or less when nothing is wrong. */
const OPEN_RETRY_SECONDS = 1;
/** A stuck saga waits for a person. */
const STUCK_RETRY_SECONDS = 30;

function completed(saga: SagaRecord): EndedDeletion {
  const { result } = saga;
  if (!Value.Check(DeletionResultSchema, result)) {
    throw new TypeError(`saga ${saga.id} (${saga.kind}) has no deletion result`);
  }
  const { wallet } = result;
  const warnings = saga.state.warnings.map(({ code, message }) => ({ code, message }));
  return {
    success: true,
    message:
      wallet === null
        ? 'Bot deleted; there was no money to return'
        : `Bot deleted; ${dollars(wallet.returned)} returned to your wallet`,
    jobId: saga.id,
    wallet,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function unchanged(saga: SagaRecord, message: string): EndedDeletion {
  return { success: false, state: saga.state.phase, jobId: saga.id, message, wallet: null };
}

// The amount was rounded to cents where it was paid; this only prints it.
function dollars(amount: number): string {
  return formatMinor(Math.round(amount * 100));
}
