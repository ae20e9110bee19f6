// POST /provision: its body and headers, and the body of a provision that has ended.

import { JobStateSchema, WaitHeadersSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { MAX_MONEY } from '../../domain/money.ts';

/** Characters that a name is sent with at most, white space around it included. */
const MAX_SENT = 256;

export const ProvisionBodySchema = Type.Object(
  {
    botName: Type.String({
      maxLength: MAX_SENT,
      description: '1 to 64 printable characters; white space around it is dropped.',
    }),
    allocatedAmount: Type.Number({
      exclusiveMinimum: 0,
      maximum: MAX_MONEY,
      description: 'Dollars, with at most two decimals.',
    }),
  },
  { additionalProperties: false },
);

export const ProvisionHeadersSchema = Type.Object({
  ...WaitHeadersSchema.properties,
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x20-\\x7e]+$',
      description:
        'The same key with the same body is the same job for 48 hours, and for as long as the job is kept; ' +
        'with another body, or when the job is not kept any more, it is refused.',
    }),
  ),
});

const BotSchema = Type.Object({
  instanceId: Type.String(),
  botName: Type.String(),
  allocatedAmount: Type.Number(),
});

const WalletSchema = Type.Object({ previousBalance: Type.Number(), newBalance: Type.Number() });

/** What a provision leaves as its result. */
export const ProvisionResultSchema = Type.Object({
  bot: BotSchema,
  wallet: Type.Union([WalletSchema, Type.Null()]),
});

export type EndedProvision = Static<typeof EndedProvisionSchema>;
export const EndedProvisionSchema = Type.Object(
  {
    success: Type.Boolean({ description: 'false: compensated or cancelled, the money is back.' }),
    message: Type.String(),
    jobId: Type.String(),
    state: Type.Optional(JobStateSchema),
    bot: Type.Optional(BotSchema),
    wallet: Type.Union([WalletSchema, Type.Null()]),
  },
  { description: 'The provision has ended.' },
);
