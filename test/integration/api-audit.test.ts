import { expect, test } from 'vitest';
import { InterruptedError } from '../../packages/saga/src/errors.ts';
import type { ApiDependencies } from '../../src/api/dependencies.ts';
import type { AuditReport } from '../../src/wallet/audit/audit-report.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const URL = '/api/freqtrade/admin/audit';
const NO_WRITE_OFFS = { count: 0, newest: [] };
const CHAIN = {
  since: null,
  start: '100.5',
  entries: 2,
  sum: '12.25',
  expected: '112.75',
  found: '112.76',
  difference: '0.01',
  after: 'settle.1',
  before: null,
  unposted: 1,
  missing: [2],
};
const REPORT: AuditReport = {
  users: 3,
  entries: 7,
  ingested: 1,
  differences: 1,
  firstDifferences: [{ userId: ALICE, ...CHAIN }],
  pending: 0,
  notMoney: 0,
  failed: 0,
  isComplete: true,
  writeOffs: {
    count: 1,
    newest: [
      { opId: 'w', userId: ALICE, botId: 'b', amountMinor: 268, at: '2026-11-01T00:00:00.000Z' },
    ],
  },
  tookMs: 12,
};
const RUN = {
  startedAt: '2026-11-01T00:00:00.000Z',
  finishedAt: '2026-11-01T00:00:01.000Z',
  ageSeconds: 60,
  report: REPORT,
};

function audits(changes: Partial<ApiDependencies['audits']> = {}): ApiDependencies['audits'] {
  return {
    auditUser: async (userId) => ({
      userId,
      status: 'different',
      ingested: 1,
      rows: 4,
      chain: CHAIN,
      paidTwice: [],
      writeOffs: NO_WRITE_OFFS,
    }),
    auditAll: async () => REPORT,
    lastRun: async () => RUN,
    ...changes,
  };
}

test('without a question: the last run with its age, or none yet', async () => {
  const api = await createTestApi({ deps: { audits: audits() } });
  const answer = await api.as('nobody', { url: URL, admin: true });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ run: RUN });
  const early = await createTestApi();
  expect((await early.as('alice', { url: URL, admin: true })).json()).toEqual({ run: null });
});

test('one user: audited now, with the chain and where it broke', async () => {
  const asked: unknown[] = [];
  const deps = {
    audits: audits({
      auditUser: async (userId, options) => {
        asked.push(userId);
        return audits().auditUser(userId, options);
      },
    }),
  };
  const api = await createTestApi({ deps });
  const answer = await api.as('alice', { url: `${URL}?userId=${ALICE}`, admin: true });
  expect(answer.json()).toEqual({
    user: {
      userId: ALICE,
      status: 'different',
      ingested: 1,
      rows: 4,
      chain: CHAIN,
      paidTwice: [],
      writeOffs: NO_WRITE_OFFS,
    },
  });
  expect(asked).toEqual([ALICE]);
});

test('no such user: 404; an id that is none: 400; a history that takes too long: 503', async () => {
  const api = await createTestApi({
    deps: {
      audits: audits({
        auditUser: async (userId) => {
          if (userId === ALICE) throw new InterruptedError('too late');
          const status = 'account-gone';
          return { userId, status, ingested: 0, rows: 0, writeOffs: NO_WRITE_OFFS };
        },
      }),
    },
  });
  const ask = (query: string) => api.as('alice', { url: `${URL}?${query}`, admin: true });
  expectProblem(await ask('userId=00000000000000000000000f'), 404, 'not-found');
  expectProblem(await ask('userId=$ne'), 400, 'invalid-request');
  expectProblem(await ask('everybody=true'), 400, 'invalid-request');
  const late = await ask(`userId=${ALICE}`);
  expectProblem(late, 503, 'unavailable');
  expect(late.headers['retry-after']).toBe('30');
});

test('fresh: 200 after a whole run, 202 when the time was too short for it', async () => {
  const answerOf = async (report: AuditReport | null) => {
    const api = await createTestApi({ deps: { audits: audits({ auditAll: async () => report }) } });
    return api.as('alice', { url: `${URL}?fresh=true`, admin: true });
  };
  const whole = await answerOf(REPORT);
  expect(whole.statusCode).toBe(200);
  expect(whole.json()).toEqual({ run: RUN });
  expect((await answerOf({ ...REPORT, isComplete: false })).statusCode).toBe(202);
  expect((await answerOf(null)).statusCode).toBe(202);
});
