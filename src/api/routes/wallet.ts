// A user's money, read only: the wallet as it stands and its history from the ledger.

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DEFAULT_PAGE_SIZE, PageQuery } from '@reclaim/saga/fastify';
import { Type } from 'typebox';
import { WALLET_VIEW } from '../../sync/portfolio.ts';
import { LEDGER_ENTRY, type LedgerEntry } from '../../wallet/ledger.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ownerOf } from '../viewer.ts';

export function createWalletRoutes(
  deps: Pick<ApiDependencies, 'accounts' | 'portfolio'>,
): FastifyPluginAsyncTypebox {
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

const TransactionsQuerySchema = Type.Object(PageQuery, { additionalProperties: false });

const {
  sagaId: jobId,
  exactValue: _exactValue,
  seq: _sequence,
  ...SHOWN
} = LEDGER_ENTRY.properties;
const TransactionsSchema = Type.Object({
  transactions: Type.Array(Type.Object({ ...SHOWN, jobId })),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

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
