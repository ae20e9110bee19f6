// A user's money: the wallet as it stands, and its history from the ledger.

import { PageQuery } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';

export type WalletView = Static<typeof WalletViewSchema>;
export const WalletViewSchema = Type.Object({
  balance: Type.Union([Type.Number(), Type.Null()], {
    description: 'Null for an account from before wallets, or a balance that is not money.',
  }),
  currency: Type.String(),
  lastUpdated: Type.Union([Type.String(), Type.Null()]),
  allocations: Type.Array(
    Type.Object({
      instanceId: Type.String(),
      botName: Type.String(),
      allocatedAmount: Type.Union([Type.Number(), Type.Null()]),
      currentValue: Type.Union([Type.Number(), Type.Null()]),
      allocatedAt: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
  totals: Type.Object({
    allocated: Type.Number(),
    currentValue: Type.Number(),
    pnl: Type.Number(),
  }),
});

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
