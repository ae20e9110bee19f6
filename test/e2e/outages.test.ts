// What an outage of Redis or MongoDB does to deletions. I7: a 202 needs nothing but MongoDB, and nothing that
// Redis loses is lost. I9: polling goes on answering. I10: with everything back, every saga ends by itself.

import { describe, expect, inject, it } from 'vitest';
import { problemOf, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  allOf,
  deleteBot,
  injectFaults,
  isInMongodb,
  jobAt,
  jobIn,
  outsideState,
  ownEntries,
  type PlacedBot,
  placeBot,
  userNamed,
} from '../support/deletions.ts';
import { createTcpProxy } from '../support/tcp-proxy.ts';
import { putUser } from '../support/users.ts';
import { createTestValkey } from '../support/valkey.ts';
import { waitFor } from '../support/wait-for.ts';

async function placeStalled(app: TestApplication, uids: readonly string[]): Promise<PlacedBot[]> {
  const bots: PlacedBot[] = [];
  for (const uid of uids) {
    const bot = await placeBot(app, 'dedicated', { uid });
    await injectFaults(app, bot, { refuseStop: true });
    bots.push(bot);
  }
  return bots;
}

async function expectPaidOnce(app: TestApplication, bots: readonly PlacedBot[]): Promise<void> {
  for (const { uid } of bots) {
    const user = await userNamed(app, uid);
    expect([uid, user.paperWallet.balance, user.botAllocations]).toEqual([uid, 160, {}]);
  }
  expect(await ownEntries(app)).toHaveLength(bots.length);
  expect((await app.world.snapshot()).dedicated).toEqual([]);
}

async function wipe({ services, env }: TestApplication): Promise<number> {
  const keys = await services.redis.keys(`${env.RECLAIM_KEY_PREFIX}*`);
  return keys.length === 0 ? 0 : services.redis.del(...keys);
}

describe('Redis', () => {
  it('loses everything between the 202 and the end, twice: every deletion completes', async () => {
    const app = await startTestApplication();
    const bots = await placeStalled(app, ['uid-w1', 'uid-w2', 'uid-w3']);
    const jobs = await Promise.all(bots.map((bot) => acceptDelete(app, bot)));
    for (const [n, { uid }] of bots.entries())
      await jobAt(app, uid, jobs[n] ?? '', 'stop-container');
    expect(await wipe(app)).toBeGreaterThan(0);
    for (const bot of bots) await injectFaults(app, bot, null);
    await wipe(app);
    for (const [n, { uid }] of bots.entries()) await jobIn(app, uid, jobs[n] ?? '', 'completed');
    await expectPaidOnce(app, bots);
  });

  it('freezes, then dies and comes back empty: polls answer, DELETE gives 202, all of it completes', async () => {
    const valkey = await createTestValkey();
    const app = await startTestApplication({ env: { REDIS_URL: valkey.url } });
    const bots = await placeStalled(app, ['uid-before', 'uid-frozen', 'uid-dead']);
    const [before, frozen, dead] = bots;
    if (before === undefined || frozen === undefined || dead === undefined) throw new Error('bots');
    const jobs = [await acceptDelete(app, before)];
    await jobAt(app, before.uid, jobs[0] ?? '', 'stop-container');

    valkey.freeze();
    jobs.push(await acceptDelete(app, frozen));
    const path = `/jobs/${jobs[1]}`;
    const poll = await app.call(frozen.uid, 'GET', path);
    // Its workers live where it was accepted: it goes on without Redis.
    expect([poll.status, ['queued', 'running'].includes(poll.body.state)]).toEqual([200, true]);
    const ready = await fetch(`${app.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'degraded', degraded: ['redis'] },
    ]);

    valkey.thaw();
    await valkey.kill();
    jobs.push(await acceptDelete(app, dead));
    for (const bot of bots) await injectFaults(app, bot, null);
    const dying = await app.call(dead.uid, 'GET', `/jobs/${jobs[2]}`);
    expect(dying.status).toBe(200);

    await valkey.start();
    for (const [n, { uid }] of bots.entries()) await jobIn(app, uid, jobs[n] ?? '', 'completed');
    await expectPaidOnce(app, bots);
  });
});

it('a lease of any whole number of seconds: the look for stalled jobs works', async () => {
  const app = await startTestApplication({ env: { LEASE_SECONDS: '2' } });
  const key = `${app.services.keyPrefix}:deletion:stalled-check`;
  await waitFor('a stalled check', async () => (await app.services.redis.exists(key)) === 1);
});

it('no allocation and a host that does not answer: 503 and no saga; answering, it is deleted', async () => {
  const app = await startTestApplication();
  await putUser(app.db, { firebaseUid: 'uid-x', balance: 1, bots: {} });
  const ghost = { uid: 'uid-x', instanceId: 'uid-x-bot-1' };
  await app.world.addDedicated({ instanceId: ghost.instanceId });
  await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
  const unknown = await deleteBot(app, ghost);
  expect(problemOf(unknown)).toBe('503 sources-unknown');
  expect(Number(unknown.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await allOf(app, 'sagas')).toEqual([]);
  await app.world.injectFaults({ host: 'simulated' }, null);
  expect((await deleteBot(app, ghost)).body).toMatchObject({ success: true, wallet: null });
  expect((await app.world.snapshot()).dedicated).toEqual([]);
});

describe('MongoDB', () => {
  async function startBehindProxy() {
    const target = new URL(inject('mongodbUri'));
    const proxy = await createTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    target.searchParams.set('directConnection', 'true');
    const app = await startTestApplication({ mongodbUri: target.href });
    return { app, proxy };
  }

  for (const outage of ['cut', 'freeze'] as const) {
    it(`${outage}: 503 with Retry-After and nothing promised, alive but not ready; back, it works`, async () => {
      const { app, proxy } = await startBehindProxy();
      const bot = await placeBot(app, 'dedicated');
      const before = await outsideState(app);
      proxy[outage]();

      const [reply, live, ready] = await Promise.all([
        app.call(bot.uid, 'DELETE', `/bots/${bot.instanceId}`),
        fetch(`${app.url}/livez`),
        fetch(`${app.url}/readyz`),
      ]);
      expect(problemOf(reply)).toBe('503 unavailable');
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(live.status).toBe(200);
      expect(ready.status).toBe(503);
      const kept = isInMongodb(app) ? ['pool-state'] : [];
      expect(await ready.json()).toMatchObject({ degraded: ['mongodb', 'workers', ...kept] });

      proxy.heal();
      await waitFor('ready again', async () => (await fetch(`${app.url}/readyz`)).status === 200);
      expect(await outsideState(app)).toEqual(before);
      expect((await deleteBot(app, bot)).body).toMatchObject({ success: true });
      await expectPaidOnce(app, [bot]);
    });
  }

  it('frozen while an answer is held back: given when its time is over, with the job as it was', async () => {
    const { app, proxy } = await startBehindProxy();
    const [bot] = await placeStalled(app, ['uid-held']);
    if (bot === undefined) throw new Error('no bot');
    const path = `/bots/${bot.instanceId}`;
    const held = app.call(bot.uid, 'DELETE', path, { prefer: 'wait=3' });
    const jobId = await acceptDelete(app, bot);
    await jobAt(app, bot.uid, jobId, 'stop-container');
    proxy.freeze();
    expect(await held).toMatchObject({
      status: 202,
      body: { success: true, jobId, state: 'running' },
    });
    proxy.heal();
  });

  it('cut in the middle of a deletion: it goes on when MongoDB is back, and pays once', async () => {
    const { app, proxy } = await startBehindProxy();
    const [bot] = await placeStalled(app, ['uid-mid']);
    if (bot === undefined) throw new Error('no bot');
    const jobId = await acceptDelete(app, bot);
    await jobAt(app, bot.uid, jobId, 'stop-container');
    proxy.cut();
    await injectFaults(app, bot, null);
    const poll = await app.call(bot.uid, 'GET', `/jobs/${jobId}`);
    expect(poll.status).toBe(503);
    proxy.heal();
    await waitFor('ready again', async () => (await fetch(`${app.url}/readyz`)).status === 200);
    await jobIn(app, bot.uid, jobId, 'completed');
    await expectPaidOnce(app, [bot]);
  });
});
