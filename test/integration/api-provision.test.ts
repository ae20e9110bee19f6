import { describe, expect, test } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { ProvisionOutcome } from '../../src/provisioning/provision-requests.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { sagaIn } from '../support/saga-in.ts';

const PROVISION = {
  method: 'POST',
  url: '/api/freqtrade/provision',
  payload: { botName: '  Alpha ', allocatedAmount: 250.5 },
} as const;

const RESULT = {
  bot: { instanceId: 'alice-bot-1', botName: 'Alpha', allocatedAmount: 250.5 },
  wallet: { previousBalance: 1000, newBalance: 749.5 },
};

const provisionIn = (
  phase: Parameters<typeof sagaIn>[0],
  changes: Partial<SagaRecord> = {},
  state: Parameters<typeof sagaIn>[2] = {},
) => sagaIn(phase, { kind: 'provision-bot', result: null, ...changes }, state);

test('accepted: the trimmed name, the amount in cents, the key and who asked', async () => {
  const saga = provisionIn('queued');
  const api = await createTestApi({ provision: { status: 'accepted', saga } });
  const headers = { 'idempotency-key': 'k 1' };
  const response = await api.as('alice', { ...PROVISION, headers });
  expect(response.statusCode).toBe(202);
  expect(response.headers).toMatchObject({
    location: `/api/freqtrade/jobs/${saga.id}`,
    'retry-after': '1',
  });
  expect(api.provisionRequests).toMatchObject([
    {
      userId: ALICE,
      firebaseUid: 'alice',
      botName: 'Alpha',
      allocatedAmount: 250.5,
      amountMinor: 25_050,
      key: 'k 1',
      requestedBy: 'user:alice',
    },
  ]);
});

describe('a provision that has ended, or not yet', () => {
  test('completed: 200 with the bot and the wallet', async () => {
    const saga = provisionIn('completed', { result: RESULT });
    const api = await createTestApi({ provision: { status: 'existing', saga } });
    const response = await api.as('alice', PROVISION);
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { success: true, message: 'Alpha is running as alice-bot-1', jobId: saga.id, ...RESULT },
    ]);
    expect(api.provisionRequests).toMatchObject([{ key: null }]);
  });

  test.each([
    ['compensated', 'The bot was not started: No pool has a free slot for the bot. (NO_POOL)'],
    ['cancelled', 'Cancelled before anything was done'],
  ] as const)('%s: 200 without success, with the cause', async (phase, message) => {
    const cause = { class: 'terminal', code: 'NO_POOL', message: 'no room', step: 'x' } as const;
    const saga = provisionIn(phase, {}, { cause });
    const api = await createTestApi({ provision: { status: 'existing', saga } });
    const response = await api.as('alice', PROVISION);
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { success: false, state: phase, jobId: saga.id, message, wallet: null },
    ]);
  });

  // The bot may run or not, and the money be set aside or back.
  test.each(['completed', 'compensated'] as const)(
    'closed by an operator as %s: neither what the bot does nor where the money is is claimed to be known',
    async (phase) => {
      const warnings = [{ code: 'resolved-by-hand', message: 'an operator vouches for it' }];
      const result = phase === 'completed' ? RESULT : null;
      const saga = provisionIn(phase, { result }, { warnings });
      const api = await createTestApi({ provision: { status: 'existing', saga } });
      expect((await api.as('alice', PROVISION)).json()).toMatchObject({
        success: phase === 'completed',
        message: 'Closed by an operator; your bots and your balance show what it left',
      });
    },
  );

  test.each(['stuck', 'running', 'compensating'] as const)('%s: 202', async (phase) => {
    const api = await createTestApi({
      provision: { status: 'existing', saga: provisionIn(phase) },
    });
    const response = await api.as('alice', PROVISION);
    expect([response.statusCode, response.json().state]).toEqual([202, phase]);
    expect(response.headers['retry-after']).toBe(phase === 'stuck' ? '30' : '1');
  });

  test('completed without a result: an error, not an answer that no money moved', async () => {
    const saga = provisionIn('completed');
    const api = await createTestApi({ provision: { status: 'existing', saga } });
    expectProblem(await api.as('alice', PROVISION), 500, 'internal-error');
  });
});

describe('a provision that is refused', () => {
  test.each<[ProvisionOutcome, number, string, Record<string, unknown>]>([
    [{ status: 'insufficient-funds', balance: 3 }, 409, 'insufficient-funds', { balance: 3 }],
    [
      { status: 'off' },
      409,
      'provisioning-off',
      { message: expect.stringContaining('PROVISION=on') },
    ],
    [{ status: 'no-pool', reason: 'full' }, 409, 'no-pool', { reason: 'full' }],
    [{ status: 'key-reused' }, 422, 'idempotency-key-reused', {}],
    [{ status: 'unusable-uid' }, 422, 'unusable-user-id', {}],
    [
      { status: 'unfinished-deletion', instanceId: 'alice-bot-1' as never },
      409,
      'unfinished-deletion',
      {},
    ],
    [{ status: 'sources-unknown', reasons: ['away'] }, 503, 'sources-unknown', {}],
  ])('%j: %i %s', async (provision, status, kind, members) => {
    const api = await createTestApi({ provision });
    const problem = expectProblem(await api.as('alice', PROVISION), status, kind);
    expect(problem).toMatchObject(members);
  });

  test('another job holds the id: 409 with it', async () => {
    const saga = sagaIn('running');
    const api = await createTestApi({ provision: { status: 'held-by', saga } });
    const problem = expectProblem(await api.as('alice', PROVISION), 409, 'bot-busy');
    expect(problem).toMatchObject({ jobId: saga.id });
  });

  test.each([
    [{ 'idempotency-key': 'ä' }],
    [{ 'idempotency-key': '' }],
    [{ 'idempotency-key': 'k'.repeat(256) }],
    [{ prefer: 'wait=61' }],
  ])('headers %j: 400, and nothing is asked for', async (headers) => {
    const api = await createTestApi();
    expect((await api.as('alice', { ...PROVISION, headers })).statusCode).toBe(400);
    expect(api.provisionRequests).toEqual([]);
  });

  test.each([
    [{ botName: 'Alpha', allocatedAmount: 1.001 }],
    [{ botName: 'Alpha', allocatedAmount: 0 }],
    [{ botName: 'Alpha', allocatedAmount: -5 }],
    [{ botName: 'Alpha', allocatedAmount: 1e12 + 1 }],
    [{ botName: 'Alpha', allocatedAmount: '5' }],
    [{ botName: '   ', allocatedAmount: 5 }],
    [{ botName: 'a\u0000b', allocatedAmount: 5 }],
    [{ botName: 'a'.repeat(65), allocatedAmount: 5 }],
    [{ botName: 'Alpha', allocatedAmount: 5, instanceId: 'mine' }],
    [{ botName: 'Alpha' }],
  ])('%j: 400, and nothing is asked for', async (payload) => {
    const api = await createTestApi();
    expectProblem(await api.as('alice', { ...PROVISION, payload }), 400, 'invalid-request');
    expect(api.provisionRequests).toEqual([]);
  });

  test('no body, no account: 400, 403', async () => {
    const api = await createTestApi();
    const { payload: _, ...bare } = PROVISION;
    expect((await api.as('alice', bare)).statusCode).toBe(400);
    expectProblem(await api.as('nobody', PROVISION), 403, 'no-account');
  });
});
