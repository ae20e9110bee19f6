// The world of a saga on a running system: what each source says, beside what the log believes.

import { describe, expect, test } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  injectFaults,
  jobIn,
  type PlacedBot,
  placeBot,
  stuckDelete,
} from '../support/deletions.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import { users } from '../support/users.ts';

const HOLD = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '1000' };

async function stuck(app: TestApplication, bot: PlacedBot): Promise<string> {
  const id = await stuckDelete(app, bot);
  return id;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire brings.
type Sources = Record<string, any>;

async function worldOf(app: TestApplication, id: string): Promise<Sources> {
  const { status, body } = await asAdmin(app, 'GET', `/admin/sagas/${id}/world`);
  expect(status).toBe(200);
  const sources = body.sources.map((one: { source: string }) => [one.source, one]);
  return { ...Object.fromEntries(sources), body };
}

describe('the world of a saga', () => {
  test('ended without what it could not stop: left to the tombstone, and neither removed nor ended', async () => {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '1000' } });
    const bot = await placeBot(app, 'pooled');
    await injectFaults(app, bot, { refuseStop: true });
    const id = await acceptDelete(app, bot);
    await jobIn(app, bot.uid, id, 'completed');
    const world = await worldOf(app, id);
    expect(world.docker).toMatchObject({ status: 'present', expected: 'left to the tombstone' });
    expect(world.tombstone).toMatchObject({ status: 'present', expected: 'settled' });
  });

  test('stuck before its pivot: every source as it is, and as the log has it', async () => {
    const app = await startTestApplication({ env: HOLD });
    const bot = await placeBot(app, 'pooled');
    const world = await worldOf(app, await stuck(app, bot));
    expect(world.body.bot).toEqual({
      userId: bot.userId,
      firebaseUid: bot.uid,
      instanceId: bot.instanceId,
    });
    expect(world.wallet).toMatchObject({
      status: 'present',
      observed: 'locked, $110.00 of $100.00 allocated',
      expected: 'locked, $110.00',
      tookMs: expect.any(Number),
    });
    const place = `${bot.uid}-pool-1 slot 1, running`;
    expect(world['pool-state']).toMatchObject({
      status: 'present',
      observed: place,
      expected: place,
    });
    expect(world.docker.status).toBe('present');
    expect(world.docker.expected).toMatch(/^running in freqtrade-pool-/);
    expect(world.tombstone).toMatchObject({ status: 'present', expected: 'open' });
    expect(world.tombstone.observed).toMatch(/^open/);
    expect(world.ledger).toMatchObject({
      status: 'absent',
      observed: 'no entry',
      expected: 'no entry',
    });
  });

  test('another program changed it behind the log, and the pool state is torn: shown, unknown with its reason', async () => {
    const app = await startTestApplication({ env: HOLD });
    const bot = await placeBot(app, 'pooled');
    const id = await stuck(app, bot);
    await spoilPoolState(app, 'torn');
    await users(app.db).updateOne(
      { firebaseUid: bot.uid },
      { $unset: { [`botAllocations.${bot.instanceId}`]: 1 } },
    );
    const world = await worldOf(app, id);
    expect(world.wallet).toMatchObject({
      status: 'absent',
      observed: 'no allocation',
      expected: 'locked, $110.00',
    });
    expect(world['pool-state'].status).toBe('unknown');
    expect(world['pool-state'].observed).not.toBe('');
    expect(world['pool-state'].expected).toContain('slot 1');
  });

  test('completed: gone everywhere, and the ledger has the settlement', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const { body } = await deleteBot(app, bot);
    const world = await worldOf(app, body.jobId);
    expect(world.wallet).toMatchObject({ observed: 'no allocation', expected: 'paid $110.00' });
    expect(world.docker).toMatchObject({ status: 'absent', expected: 'removed' });
    expect(world.tombstone).toMatchObject({ status: 'present', expected: 'ended' });
    const settlement = 'settlement of $110.00';
    expect(world.ledger).toMatchObject({ observed: settlement, expected: settlement });
  });

  test('a run over all users: it is about no bot, and nothing is observed', async () => {
    const app = await startTestApplication();
    const { body } = await asAdmin(app, 'POST', '/admin/sync-all?dryRun=true');
    const world = await worldOf(app, body.jobId);
    expect(world.body).toMatchObject({ bot: null, sources: [] });
  });

  test('no such saga: 404', async () => {
    const api = await createTestApi();
    const url = '/api/freqtrade/admin/sagas/del-999999999999/world';
    expectProblem(await api.as('operator', { url, admin: true }), 404, 'job-not-found');
  });
});
