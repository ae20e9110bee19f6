// A user's money, read only: the wallet as it stands and its history from the ledger.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DEFAULT_PAGE_SIZE } from '@reclaim/saga/fastify';
import { WALLET_VIEW } from '../../sync/portfolio.ts';
import type { LedgerEntry } from '../../wallet/ledger.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { TransactionsQuerySchema, TransactionsSchema } from '../schemas/wallet.ts';
import { ownerOf } from '../viewer.ts';

export type WalletRoutesDependencies = Pick<ApiDependencies, 'accounts' | 'portfolio'>;

export function createWalletRoutes(deps: WalletRoutesDependencies): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/wallet', { schema: WALLET }, async (request) =>
      deps.portfolio.wallet(await ownerOf(request, deps.accounts)),
    );

    app.get('/wallet/transactions', { schema: TRANSACTIONS }, async (request) => {
      const { limit = DEFAULT_PAGE_SIZE, cursor } = request.query;
      const owner = await ownerOf(request, deps.accounts);
      const page = { limit, ...(cursor === undefined ? {} : { cursor }) };
      const { entries, nextCursor } = await deps.portfolio.transactions(owner, page);
      return { transactions: entries.map(transactionView), nextCursor };
    });
  };
}

function transactionView({ sagaId, exactValue: _exact, seq: _seq, ...entry }: LedgerEntry) {
  return { ...entry, jobId: sagaId };
}

const WALLET = {
  operationId: 'getWallet',
  summary: 'Your balance, allocations and totals',
  tags: ['wallet'],
  response: { 200: WALLET_VIEW },
};

const TRANSACTIONS = {
  operationId: 'listTransactions',
  summary: 'The history of your wallet, newest first',
  tags: ['wallet'],
  querystring: TransactionsQuerySchema,
  response: { 200: TransactionsSchema },
};
