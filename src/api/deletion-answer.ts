// What a DELETE answers when its saga has ended.

import type { SagaRecord } from '@reclaim/saga';
import { type EndedBodies, JobStateSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { formatMinor } from '../domain/money.ts';
import { BY_HAND, hasWarning, isEndedByHand, plainWarnings } from './job-view.ts';
import type { Audience } from './message-for.ts';
import { PLAIN_WARNINGS } from './schemas/job.ts';

/** A completed saga whose result is not a deletion's throws a TypeError: to answer `wallet: null` then would mean
 * that no money moved. */
export function deletionBodies(audience: Audience): EndedBodies<EndedDeletion> {
  return {
    completed: (saga) => completed(saga, audience),
    compensated: (saga) => unchanged(saga, undoneMessage(saga)),
    cancelled: (saga) => unchanged(saga, 'Deletion cancelled; nothing was changed'),
    // A deletion takes a second or less when nothing is wrong.
    retrySeconds: 1,
  };
}

function completed(saga: SagaRecord, audience: Audience): EndedDeletion {
  const { result } = saga;
  if (!Value.Check(DeletionResultSchema, result)) {
    throw new TypeError(`saga ${saga.id} (${saga.kind}) has no deletion result`);
  }
  const { wallet } = result;
  return {
    success: true,
    message: messageOf(saga, wallet),
    jobId: saga.id,
    wallet,
    ...(wallet === null ? {} : { cashedOut: { amount: wallet.returned, currency: CURRENCY } }),
    ...plainWarnings(saga, audience),
  };
}

/** Of every wallet of the platform. */
const CURRENCY = 'USD';

// Another program changed the allocation, or paid it: then nothing is as it was before, though not by this job.
function undoneMessage(saga: SagaRecord): string {
  if (isEndedByHand(saga)) return BY_HAND;
  if (hasWarning(saga, 'bot-not-restored')) {
    return 'The deletion was undone, but the bot is gone; its money is still set aside for it';
  }
  if (hasWarning(saga, 'entry-not-restored')) {
    return 'The bot was not deleted; its money is as before, but its slot in the pool is another bot’s by now';
  }
  switch (saga.state.cause?.code) {
    case 'ALLOCATION_CHANGED':
      return 'Nothing was changed by this job: the allocation had changed before it was locked';
    case 'ALREADY_SETTLED':
      return 'Nothing was changed by this job: this allocation was paid back before';
    default:
      return 'The bot was not deleted; everything is as it was before';
  }
}

function messageOf(saga: SagaRecord, wallet: EndedDeletion['wallet']): string {
  if (wallet !== null) return `Bot deleted; ${dollars(wallet.returned)} returned to your wallet`;
  return isEndedByHand(saga) ? BY_HAND : 'Bot deleted; there was no money to return';
}

function unchanged(saga: SagaRecord, message: string): EndedDeletion {
  return { success: false, state: saga.state.phase, jobId: saga.id, message, wallet: null };
}

// The amount was rounded to cents where it was paid; this only prints it.
function dollars(amount: number): string {
  return formatMinor(Math.round(amount * 100));
}

const WalletChangeSchema = Type.Object({
  previousBalance: Type.Number(),
  newBalance: Type.Number(),
  returned: Type.Number(),
  pnl: Type.Number(),
});

/** What a deletion saga, and a reclaim saga, leave as their result. */
const DeletionResultSchema = Type.Object({
  wallet: Type.Union([WalletChangeSchema, Type.Null()]),
  platform: Type.Optional(
    Type.String({
      description:
        'Where PLATFORM_URL is set: informed, unknown-there, withheld, refused, redirected, failed, unreachable or no-answer. ' +
        'Missing where it was not informed at all, because the tombstone finishes the removal.',
    }),
  ),
});

type EndedDeletion = Static<typeof EndedDeletionSchema>;
export const EndedDeletionSchema = Type.Object(
  {
    success: Type.Boolean({ description: 'false: compensated or cancelled, nothing has changed.' }),
    message: Type.String(),
    jobId: Type.String(),
    state: Type.Optional(JobStateSchema),
    wallet: Type.Union([WalletChangeSchema, Type.Null()]),
    cashedOut: Type.Optional(
      Type.Object(
        { amount: Type.Number(), currency: Type.String() },
        { description: 'What was returned, as clients of the platform read it.' },
      ),
    ),
    ...PLAIN_WARNINGS,
  },
  { description: 'The deletion has ended.' },
);
