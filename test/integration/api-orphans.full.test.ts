import { describe, expect, test } from 'vitest';
import type { OrphanSample } from '../../src/sync/mongodb/orphan-samples.ts';
import { createMongoOrphanSamples } from '../../src/sync/mongodb/orphan-samples.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { asAdmin } from '../support/admin.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { startTestApplication } from '../support/application.ts';
import { placeBot } from '../support/deletions.ts';

const OWN = '/api/freqtrade/orphans/history';
const ALL = '/api/freqtrade/admin/orphans/history';
const NOW = new Date('2026-11-20T12:00:00.000Z');
const SAMPLE: OrphanSample = {
  runId: 'syn-000000000001',
  userId: ALICE,
  at: '2026-11-19T00:00:00.000Z',
  count: 1,
  valueMinor: 110_500,
  oldestSeconds: 3_600,
  repaired: 1,
};

async function listing() {
  const asked: unknown[] = [];
  const api = await createTestApi({
    adminReads: {
      orphanHistory: async (query) => {
        asked.push(query);
        return [SAMPLE];
      },
    },
  });
  return { api, asked };
}

describe('orphans over time', () => {
  test('a user: their own samples, by default of thirty days', async () => {
    const { api, asked } = await listing();
    const response = await api.as('alice', { url: OWN });
    expect(response.statusCode).toBe(200);
    const { runId: jobId, userId: _, ...measured } = SAMPLE;
    expect(response.json()).toEqual({ samples: [{ jobId, ...measured }] });
    expect(asked).toEqual([{ userId: ALICE, since: expect.any(Date), limit: 200 }]);
    const [{ since }] = asked as [{ since: Date }];
    const days = (Date.now() - since.getTime()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThan(30.1);
  });

  test('an administrator: the runs over all users, even without an account', async () => {
    const { api, asked } = await listing();
    const url = `${ALL}?since=2026-11-01&limit=1000`;
    expect((await api.as('operator', { url, admin: true })).statusCode).toBe(200);
    expect(asked).toEqual([{ userId: null, since: new Date('2026-11-01'), limit: 1_000 }]);
  });

  test('since a moment, with its zone', async () => {
    const { api, asked } = await listing();
    const since = encodeURIComponent('2026-11-20T13:00:00.000+01:00');
    await api.as('alice', { url: `${OWN}?since=${since}` });
    expect(asked).toMatchObject([{ since: NOW }]);
  });

  test.each([
    '?since=yesterday',
    '?since=2026-13-01',
    '?since=2026-11-20T12:00:00',
    '?since=1e9',
    '?limit=0',
    '?limit=1001',
    '?extra=1',
  ])('%s: 400', async (query) => {
    const { api, asked } = await listing();
    expectProblem(await api.as('alice', { url: OWN + query }), 400, 'invalid-request');
    expect(asked).toEqual([]);
  });
});

test('of the whole application: a user sees their own runs, an administrator all users’', async () => {
  const app = await startTestApplication();
  const { uid, userId } = await placeBot(app, 'dedicated');
  const at = new Date().toISOString();
  const measured = { at, count: 1, valueMinor: 110_500, oldestSeconds: 60, repaired: 1 };
  const orphanSamples = createMongoOrphanSamples(app.db);
  await orphanSamples.write({ runId: 'syn-of-user', userId, ...measured });
  await orphanSamples.write({ runId: 'syn-of-all', userId: null, ...measured });
  const own = await app.call(uid, 'GET', '/orphans/history');
  expect(own.body).toEqual({ samples: [{ jobId: 'syn-of-user', ...measured }] });
  expect((await app.call(uid, 'GET', '/admin/orphans/history')).status).toBe(403);
  const all = await asAdmin(app, 'GET', '/admin/orphans/history');
  expect(all.body).toEqual({ samples: [{ jobId: 'syn-of-all', ...measured }] });
});
