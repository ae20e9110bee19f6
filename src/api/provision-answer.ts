// What a POST /provision answers when its saga has ended.

import type { SagaRecord } from '@reclaim/saga';
import type { EndedBodies } from '@reclaim/saga/fastify';
import { Value } from 'typebox/value';
import { type Audience, messageFor } from './message-for.ts';
import { type EndedProvision, ProvisionResultSchema } from './schemas/provision.ts';

/** A completed saga whose result is not a provision's throws a TypeError. */
export function provisionBodies(audience: Audience): EndedBodies<EndedProvision> {
  return {
    completed,
    compensated: (saga) => undone(saga, `The bot was not started: ${causeOf(saga, audience)}`),
    cancelled: (saga) => undone(saga, 'Cancelled before anything was done'),
    // A simulated bot is up at once, a real one after its startsecs.
    retrySeconds: 1,
  };
}

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

function causeOf({ state: { cause } }: SagaRecord, audience: Audience): string {
  return cause === null ? 'it was undone' : `${messageFor(audience, cause)} (${cause.code})`;
}
