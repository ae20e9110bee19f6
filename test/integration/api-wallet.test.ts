import { expect, test } from 'vitest';
import type { BotView } from '../../src/sync/bot-view.ts';
import type { Portfolio, WalletView } from '../../src/sync/portfolio.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const PREFIX = '/api/freqtrade';

const BOTS: BotView[] = [
  {
    instanceId: 'alice-bot-1',
    botName: 'Alpha',
    allocation: {
      status: 'present',
      allocatedAmount: 250,
      currentValue: '61.5',
      worth: null,
      allocatedAt: '2026-10-02T09:30:00.000Z',
      jobId: null,
    },
    poolState: { status: 'present', poolId: 'alice-pool-1', botStatus: 'failed' },
    docker: { status: 'unknown', code: 'DOCKER_UNKNOWN', reason: 'docker host "b" did not answer' },
    verdict: 'unknown',
  },
  {
    instanceId: 'alice-bot-2',
    botName: null,
    allocation: { status: 'absent' },
    poolState: { status: 'absent' },
    docker: {
      status: 'present',
      kind: 'dedicated',
      host: 'local',
      containerName: 'freqtrade-alice-bot-2',
      running: true,
    },
    verdict: 'ghost',
  },
];

const WALLET: WalletView = {
  balance: 17331.004,
  currency: 'USD',
  lastUpdated: null,
  allocations: [
    {
      instanceId: 'alice-bot-1',
      botName: 'Alpha',
      allocatedAmount: 250,
      currentValue: null,
      allocatedAt: null,
    },
  ],
  totals: { allocated: 250, currentValue: 250, pnl: 0 },
};

const ENTRY = {
  opId: 'settle.1',
  type: 'deallocate',
  amount: 1105,
  amountMinor: 110500,
  currency: 'USD',
  botId: 'alice-bot-1',
  botName: 'Alpha',
  description: 'Returned $1105.00 from deleted bot (P&L: +$0.00)',
  balanceAfter: 18436,
  source: 'reclaim',
  standing: 'counted',
  at: '2026-11-01T00:00:00.000Z',
} as const;

function portfolio(asked: unknown[] = []): Portfolio {
  return {
    bots: async (user) => {
      asked.push(user);
      return BOTS;
    },
    wallet: async () => WALLET,
    transactions: async (_user, page) => {
      asked.push(page);
      const entry = { ...ENTRY, exactValue: '1105', seq: 1, sagaId: 'del-000000000001' };
      return { entries: [entry], nextCursor: 'c2' };
    },
  };
}

test('bots and wallet: as the layer below tells them, damaged numbers and unknowns included', async () => {
  const asked: unknown[] = [];
  const api = await createTestApi({ deps: { portfolio: portfolio(asked) } });
  const [first, second] = BOTS;
  const reason = 'Not every host on which the bot may run answers at the moment.';
  const docker = { status: 'unknown', code: 'DOCKER_UNKNOWN', reason };
  expect((await api.as('alice', { url: `${PREFIX}/bots` })).json()).toEqual({
    bots: [
      {
        ...{ ...first, docker, health: null },
        description: {
          ...{ label: 'Unknown', tone: 'plain' },
          sentence: `${reason} Your money stays with the bot until it does.`,
        },
      },
      {
        ...{ ...second, docker: { ...second?.docker, host: null }, health: null },
        description: {
          ...{ label: 'Left over', tone: 'warn' },
          sentence: 'It exists, but holds no money. It can be deleted.',
        },
      },
    ],
  });
  expect((await api.as('alice', { url: `${PREFIX}/wallet` })).json()).toEqual(WALLET);
  expect(asked).toMatchObject([{ userId: ALICE, firebaseUid: 'alice' }]);
});

test('transactions: a page of the ledger and the cursor of the next', async () => {
  const asked: unknown[] = [];
  const api = await createTestApi({ deps: { portfolio: portfolio(asked) } });
  const url = `${PREFIX}/wallet/transactions`;
  expect((await api.as('alice', { url: `${url}?cursor=c1&limit=2` })).json()).toEqual({
    transactions: [{ ...ENTRY, jobId: 'del-000000000001' }],
    nextCursor: 'c2',
  });
  expect(asked).toEqual([{ limit: 2, cursor: 'c1' }]);
  expectProblem(await api.as('alice', { url: `${url}?limit=1000` }), 400, 'invalid-request');
});

test('a token whose user has no account: 403 on everything that belongs to a user', async () => {
  const api = await createTestApi();
  for (const path of ['/bots', '/wallet', '/wallet/transactions', '/orphans/history']) {
    const asAdmin = await api.as('nobody', { url: `${PREFIX}${path}`, admin: true });
    expectProblem(asAdmin, 403, 'no-account');
  }
  const deletion = { method: 'DELETE', url: `${PREFIX}/bots/nobody-bot-1` } as const;
  expectProblem(await api.as('nobody', deletion), 403, 'no-account');
  expect(api.deleteRequests).toEqual([]);
});
