// DELETE /bots/:instanceId: its parameters and the body of a deletion that has ended.

import { JobStateSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { INSTANCE_ID_PATTERN } from '../../domain/ids.ts';
import { PLAIN_WARNINGS } from './job.ts';

export const BotParamsSchema = Type.Object({
  instanceId: Type.String({ pattern: INSTANCE_ID_PATTERN }),
});

const WalletChangeSchema = Type.Object({
  previousBalance: Type.Number(),
  newBalance: Type.Number(),
  returned: Type.Number(),
  pnl: Type.Number(),
});

/** What a deletion saga, and a reclaim saga, leave as their result. */
export const DeletionResultSchema = Type.Object({
  wallet: Type.Union([WalletChangeSchema, Type.Null()]),
  platform: Type.Optional(
    Type.String({
      description:
        'Where PLATFORM_URL is set: informed, unknown-there, withheld, refused, redirected, failed, unreachable or no-answer. ' +
        'Missing where it was not informed at all, because the tombstone finishes the removal.',
    }),
  ),
});

export type EndedDeletion = Static<typeof EndedDeletionSchema>;
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
