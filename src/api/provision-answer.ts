// What a POST /provision answers for the state its saga is in: 200 when it has ended, 202 while it has not,
// stuck included. A pure translation of the stored record (I9).

import { Value } from 'typebox/value';
import { assertNever } from '../domain/assert-never.ts';
import type { SagaRecord } from '../saga/record.ts';
import { acceptedView } from './job-view.ts';
import type { AcceptedJob } from './schemas/job.ts';
import { type EndedProvision, ProvisionResultSchema } from './schemas/provision.ts';

export type ProvisionAnswer =
  | { readonly status: 200; readonly body: EndedProvision }
  | { readonly status: 202; readonly body: AcceptedJob; readonly retryAfterSeconds: number };

/** @throws TypeError when a completed saga's result is not a provision's. */
export function provisionAnswer(saga: SagaRecord): ProvisionAnswer {
  switch (saga.state.phase) {
    case 'completed':
      return { status: 200, body: completed(saga) };
    case 'compensated':
      return { status: 200, body: undone(saga, `The bot was not started: ${causeOf(saga)}`) };
    case 'cancelled':
      return { status: 200, body: undone(saga, 'Cancelled before anything was done') };
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

/** A simulated bot is up at once, a real one after its startsecs. */
const OPEN_RETRY_SECONDS = 1;
/** A stuck saga waits for a person. */
const STUCK_RETRY_SECONDS = 30;

function completed(saga: SagaRecord): EndedProvision {
  const { result } = saga;
  if (!Value.Check(ProvisionResultSchema, result)) {
    throw new TypeError(`saga ${saga.id} (${saga.kind}) has no provision result`);
  }
  const { bot, wallet } = result;
  return {
    success: true,
    message: `${bot.botName} is running as ${bot.instanceId}`,
    jobId: saga.id,
    bot,
    wallet,
  };
}

function undone(saga: SagaRecord, message: string): EndedProvision {
  return { success: false, state: saga.state.phase, jobId: saga.id, message, wallet: null };
}

function causeOf({ state }: SagaRecord): string {
  return state.cause === null ? 'it was undone' : `${state.cause.message} (${state.cause.code})`;
}
