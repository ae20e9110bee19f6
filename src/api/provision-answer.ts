// What a POST /provision answers when its saga has ended.

import { Value } from 'typebox/value';
import type { SagaRecord } from '../saga/record.ts';
import type { EndedBodies } from './saga-answer.ts';
import { type EndedProvision, ProvisionResultSchema } from './schemas/provision.ts';

/** A completed saga whose result is not a provision's throws a TypeError. */
export const PROVISION_BODIES: EndedBodies<EndedProvision> = {
  completed,
  compensated: (saga) => undone(saga, `The bot was not started: ${causeOf(saga)}`),
  cancelled: (saga) => undone(saga, 'Cancelled before anything was done'),
  // A simulated bot is up at once, a real one after its startsecs.
  retrySeconds: 1,
};

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
