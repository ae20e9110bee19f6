// The history of a user's wallet, from the ledger.

import { PageQuery } from '@reclaim/saga/fastify';
import { Type } from 'typebox';

export const TransactionsQuerySchema = Type.Object(PageQuery, { additionalProperties: false });

export const TransactionsSchema = Type.Object({
  transactions: Type.Array(
    Type.Object({
      opId: Type.String(),
      type: Type.String(),
      amount: Type.Union([Type.Number(), Type.Null()], {
        description: 'Signed dollars; null where the platform wrote something that is no number.',
      }),
      amountMinor: Type.Union([Type.Integer({ description: 'Cents.' }), Type.Null()]),
      currency: Type.String(),
      botId: Type.String(),
      botName: Type.String(),
      description: Type.String(),
      balanceAfter: Type.Union([Type.Number(), Type.Null()]),
      jobId: Type.Union([Type.String(), Type.Null()]),
      source: Type.String(),
      standing: Type.Enum(['counted', 'informational', 'before-opening', 'not-money'], {
        description: 'Only `counted` entries moved the balance since the ledger was opened.',
      }),
      at: Type.String(),
    }),
  ),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});
