// What a POST /provision answers when its saga has ended.

import type { SagaRecord } from '@reclaim/saga';
import { type EndedBodies, JobStateSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { BY_HAND, isEndedByHand } from './job-view.ts';
import { type Audience, messageFor } from './message-for.ts';

/** A completed saga whose result is not a provision's throws a TypeError. */
export function provisionBodies(audience: Audience): EndedBodies<EndedProvision> {
  return {
    completed,
    compensated: (saga) =>
      undone(
        saga,
        isEndedByHand(saga) ? BY_HAND : `The bot was not started: ${causeOf(saga, audience)}`,
      ),
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
    message: isEndedByHand(saga) ? BY_HAND : `${bot.botName} is running as ${bot.instanceId}`,
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

const BotSchema = Type.Object({
  instanceId: Type.String(),
  botName: Type.String(),
  allocatedAmount: Type.Number(),
});

const WalletSchema = Type.Object({ previousBalance: Type.Number(), newBalance: Type.Number() });

/** What a provision leaves as its result. */
const ProvisionResultSchema = Type.Object({
  bot: BotSchema,
  wallet: Type.Union([WalletSchema, Type.Null()]),
});

type EndedProvision = Static<typeof EndedProvisionSchema>;
export const EndedProvisionSchema = Type.Object(
  {
    success: Type.Boolean({
      description:
        'false: compensated or cancelled; the money is back, unless an operator closed it.',
    }),
    message: Type.String(),
    jobId: Type.String(),
    state: Type.Optional(JobStateSchema),
    bot: Type.Optional(BotSchema),
    wallet: Type.Union([WalletSchema, Type.Null()]),
  },
  { description: 'The provision has ended.' },
);
