// Pools and bots looked after, end to end on simulated ones: what an observation changes, what it leaves alone, and what an owner
// sees of it.

import { describe, expect, it } from 'vitest';
import { readMetrics, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  injectFaults,
  jobIn,
  placeBot,
  readPoolState,
  standingTombstones,
  startWithFixtures,
  writePoolState,
} from '../support/deletions.ts';
import { createHealthChecks, setStatus, statusOf } from '../support/health-checks.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import { waitFor } from '../support/wait-for.ts';

const MINUTE_MS = 60_000;
const POOL = 'uid-one-pool-1';
const CONTAINER = `freqtrade-pool-${POOL}`;

async function programOf(app: TestApplication, instanceId: string) {
  const { pooled } = await app.world.snapshot();
  return pooled.find((bot) => bot.instanceId === instanceId)?.program;
}

async function healthOf(app: TestApplication, uid: string, instanceId: string) {
  const { body } = await app.call(uid, 'GET', '/bots');
  return body.bots.find((bot: { instanceId: string }) => bot.instanceId === instanceId).health;
}

async function eventsOf(app: TestApplication, uid: string, instanceId: string): Promise<string[]> {
  const { body } = await app.call(uid, 'GET', `/bots/${instanceId}/events`);
  return body.events.map((event: { type: string }) => event.type);
}

async function sagasOf(app: TestApplication, kind: string) {
  return (await app.services.sagas.list({ kind, limit: 100 })).sagas;
}

/** One pooled bot of uid-one whose program has crashed; the pool's two other entries have no program. */
async function placeCrashed(app: TestApplication) {
  const bot = await placeBot(app, 'pooled');
  await app.world.setProgram(bot.instanceId, 'FATAL');
  return bot;
}

describe('statuses', () => {
  it('the state file calls a bot failed, and it runs: one observation later it says running', async () => {
    const app = await startWithFixtures();
    const { observe } = createHealthChecks(app);
    expect(await statusOf(app, 'uid-live-bot-3')).toBe('failed');

    const report = await observe();

    expect(report).toMatchObject({ unknown: 0, restarts: 0, unwritten: null });
    expect(await statusOf(app, 'uid-live-bot-3')).toBe('running');
    expect(await statusOf(app, 'uid-live-bot-2')).toBe('stopped');
    expect(await healthOf(app, 'uid-live', 'uid-live-bot-3')).toMatchObject({
      state: 'healthy',
      program: 'RUNNING',
      failures: 0,
      lastEvent: { type: 'marked-running' },
    });
    expect(await eventsOf(app, 'uid-live', 'uid-live-bot-3')).toEqual(['marked-running']);
  });

  it('a round straight after another: writes nothing', async () => {
    const app = await startWithFixtures();
    const { observe } = createHealthChecks(app);
    await observe();
    const before = await readPoolState(app);
    await observe();
    expect(await readPoolState(app)).toEqual(before);
  });

  it('by the clock alone: nobody has to ask', async () => {
    const app = await startWithFixtures({ env: { HEALTH_EVERY_SECONDS: '1' } });
    await waitFor('the status to be corrected', async () => {
      return (await statusOf(app, 'uid-live-bot-3')) === 'running';
    });
  });

  it('a program that supervisord does not know: failed after three checks, never started', async () => {
    const app = await startWithFixtures();
    const { observe } = createHealthChecks(app);
    await observe();
    await observe();
    expect(await statusOf(app, 'uid-stale-bot-1')).toBe('running');
    await observe();
    expect(await statusOf(app, 'uid-stale-bot-1')).toBe('failed');
    expect(await sagasOf(app, 'restart-bot')).toEqual([]);
  });

  it('pools without a bot: reported, with their words in the metrics', async () => {
    const app = await startWithFixtures({ env: { HEALTH_EVERY_SECONDS: '3600' } });
    expect((await createHealthChecks(app).observe()).emptyPools).toEqual(['uid-lost-pool-1']);
    const metrics = await readMetrics(app);
    expect(metrics).toMatch(/^health_pools_empty 1$/m);
    expect(metrics).toMatch(/^health_pools\{status="running"\} 3$/m);
    expect(metrics).toMatch(/^health_bots\{state="healthy"\} 2$/m);
    expect(metrics).toMatch(/^health_last_round_age_seconds \d+$/m);
  });
});

describe('a bot that has crashed', () => {
  it('failed at the third observation and started at once: running at the next one', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    const { observe } = createHealthChecks(app);
    await observe();
    await observe();
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    expect((await observe()).restarts).toBe(1);
    expect(await statusOf(app, bot.instanceId)).toBe('failed');
    expect(await programOf(app, bot.instanceId)).toBe('RUNNING');
    await observe();
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    const [saga] = await sagasOf(app, 'restart-bot');
    expect(saga).toMatchObject({ subject: bot.userId, result: { outcome: 'started' } });
    const events = await eventsOf(app, bot.uid, bot.instanceId);
    expect([...events].sort()).toEqual(
      ['failed', 'failing', 'healthy', 'marked-failed', 'marked-running']
        .concat('restart-ordered', 'restarted')
        .sort(),
    );
  });

  it('dead for good: three restarts a minute apart, then none; its owner is told', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    await app.world.injectFaults({ pool: CONTAINER }, { refuseStart: true });
    const { observe, pass } = createHealthChecks(app);
    const restarts: number[] = [];
    for (let round = 0; round < 4; round += 1) restarts.push((await observe()).restarts);
    for (let minute = 0; minute < 5; minute += 1) {
      pass(MINUTE_MS);
      restarts.push((await observe()).restarts);
    }
    expect(restarts).toEqual([0, 0, 1, 0, 1, 1, 0, 0, 0]);
    expect(await sagasOf(app, 'restart-bot')).toHaveLength(3);
    expect(await healthOf(app, bot.uid, bot.instanceId)).toMatchObject({
      state: 'given-up',
      program: 'FATAL',
      restarts: 3,
      lastEvent: { type: 'gave-up' },
    });
    const pages: string[] = [];
    let cursor = '';
    do {
      const url = `/bots/${bot.instanceId}/events?limit=4${cursor}`;
      const { body } = await app.call(bot.uid, 'GET', url);
      pages.push(...body.events.map(({ type }: { type: string }) => type));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    expect(pages.filter((type) => type === 'restart-failed')).toHaveLength(3);
    expect(pages).toEqual(await eventsOf(app, bot.uid, bot.instanceId));
    const metrics = await readMetrics(app);
    expect(metrics).toMatch(/^health_restarts_total\{outcome="failed"\} 3$/m);
    expect(metrics).toMatch(/^health_bots\{state="given-up"\} 1$/m);
  });

  it('a row that cannot be read for a while, its own or its pool’s: not judged, and no restart is forgiven', async () => {
    for (const spoiled of ['pools', 'botMapping'] as const) {
      const app = await startTestApplication();
      const bot = await placeCrashed(app);
      await app.world.injectFaults({ pool: CONTAINER }, { refuseStart: true });
      const { observe, pass } = createHealthChecks(app);
      const observeFor = async (minutes: number) => {
        let restarts = 0;
        for (let minute = 0; minute < minutes; minute += 1) {
          restarts += (await observe()).restarts;
          pass(MINUTE_MS);
        }
        return restarts;
      };
      expect(await observeFor(7)).toBe(3);
      const whole = await readPoolState(app);
      const copy = JSON.parse(JSON.stringify(whole));
      const row = spoiled === 'pools' ? copy.pools[POOL] : copy.botMapping[bot.instanceId];
      row[spoiled === 'pools' ? 'capacity' : 'port'] = 'none';
      await writePoolState(app, copy);
      expect(await observeFor(12), spoiled).toBe(0);
      // No more than before: a pool that runs is no bot that runs.
      const now = await readPoolState(app);
      if (spoiled === 'pools') expect(now.botMapping[bot.instanceId]?.status).toBe('failed');
      await writePoolState(app, whole);
      expect(await observeFor(4), spoiled).toBe(0);
      expect(await healthOf(app, bot.uid, bot.instanceId)).toMatchObject({ state: 'given-up' });
    }
  });

  it('a bot whose pool has no row: not taken for a container of its own', async () => {
    const app = await startTestApplication();
    const { instanceId } = await placeCrashed(app);
    await setStatus(app, instanceId, 'failed');
    const { pools: _, ...rest } = await readPoolState(app);
    await writePoolState(app, { ...rest, pools: {} });
    const { observe } = createHealthChecks(app);
    await observe();
    expect(await statusOf(app, instanceId)).toBe('failed');
  });

  it('stopped by hand: left alone', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled', { isRunning: false });
    const { observe } = createHealthChecks(app);
    for (let round = 0; round < 4; round += 1) expect((await observe()).restarts).toBe(0);
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    expect(await healthOf(app, bot.uid, bot.instanceId)).toMatchObject({ state: 'stopped' });
  });

  it('a ghost, without money: not started on anybody’s account', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    await app.db
      .collection('users')
      .updateOne({ firebaseUid: bot.uid }, { $set: { botAllocations: {} } });
    const { observe } = createHealthChecks(app);
    for (let round = 0; round < 3; round += 1) await observe();
    const [saga] = await sagasOf(app, 'restart-bot');
    expect(saga?.result).toEqual({ outcome: 'refused', reason: 'it has no allocation' });
    expect(await programOf(app, bot.instanceId)).toBe('FATAL');
  });

  it('four rounds at once: one looks, nothing is counted or started twice', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    const { round, observe } = createHealthChecks(app);
    await observe();
    await observe();
    const reports = await Promise.all([round(), round(), round(), round()]);
    await observe();
    expect(reports.filter(({ status }) => status === 'done').length).toBeGreaterThan(0);
    expect(await sagasOf(app, 'restart-bot')).toHaveLength(1);
    expect(await healthOf(app, bot.uid, bot.instanceId)).toMatchObject({ restarts: 1 });
  });
});

describe('sources that cannot say', () => {
  it('a pool that does not answer: its bots’ observations are unknown, and no failure (I4)', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    await app.world.setPool(CONTAINER, { supervisord: 'dead' });
    const { observe } = createHealthChecks(app);
    for (let round = 0; round < 4; round += 1) {
      expect(await observe()).toMatchObject({ bots: 3, unknown: 3, restarts: 0 });
    }
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    expect(await healthOf(app, bot.uid, bot.instanceId)).toBeNull();
    expect((await readPoolState(app)).pools[POOL]?.status).toBe('running');
  });

  it('a host that does not answer: pools keep their words', async () => {
    const app = await startTestApplication();
    await placeCrashed(app);
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    const { observe } = createHealthChecks(app);
    for (let round = 0; round < 3; round += 1)
      expect(await observe()).toMatchObject({ unknown: 3 });
    expect((await readPoolState(app)).pools[POOL]?.status).toBe('running');
  });

  it('a torn state file: nobody is observed, and nothing is forgotten', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    const { observe, round } = createHealthChecks(app);
    await observe();
    await spoilPoolState(app, 'torn');
    expect(await round()).toMatchObject({ status: 'unknown' });
    const health = await app.services.healthService.ofUser(bot.userId);
    expect(health.get(bot.instanceId)).toMatchObject({ failures: 1 });
  });
});

describe('pools', () => {
  it('stopped, gone, and up again: the word follows the container, the bots’ words stay', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const { observe } = createHealthChecks(app);
    const word = async () => (await readPoolState(app)).pools[POOL]?.status;
    await observe();
    await app.world.setPool(CONTAINER, { running: false });
    for (let round = 0; round < 4; round += 1) await observe();
    expect(await word()).toBe('stopped');
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    expect(await healthOf(app, bot.uid, bot.instanceId)).toMatchObject({ state: 'pool-down' });
    await app.world.setPool(CONTAINER, { running: true });
    expect((await observe()).startedPools).toEqual([POOL]);
    expect(await word()).toBe('running');
    const pools = app.db.collection<{ _id: string }>('simulatedBots');
    await pools.deleteOne({ _id: `pool:${CONTAINER}` });
    await observe();
    expect(await word()).toBe('failed');
  });

  it('a bot deleted while its pool stood still: taken out when the pool is seen up again', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    await app.world.setPool(CONTAINER, { running: false });
    const { observe } = createHealthChecks(app);
    await observe();
    const reply = await deleteBot(app, bot);
    expect(reply.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(reply.body.warningCodes).toContain('pool-not-running');
    // Far from its next turn: only the observation brings it forward. Further than ten minutes would be no turn of ours, and due.
    const tombstones = app.db.collection('tombstones');
    await waitFor('an observation of the janitor', async () => {
      return ((await tombstones.findOne())?.attempts ?? 0) > 0;
    });
    await tombstones.updateMany({}, { $set: { nextCheckAt: new Date(Date.now() + 500_000) } });
    await app.world.setPool(CONTAINER, { running: true });
    expect(await programOf(app, bot.instanceId)).toBe('RUNNING');

    expect((await observe()).startedPools).toEqual([POOL]);

    await waitFor('the program to be taken out', async () => {
      return (await programOf(app, bot.instanceId)) === undefined;
    });
    const [tombstone] = await standingTombstones(app);
    await waitFor('the tombstone to end', async () => {
      return (await tombstones.findOne({ _id: tombstone?._id }))?.status === 'ended';
    });
  });
});

describe('health and deletions', () => {
  it('a deletion that stands still: the bot is neither started nor marked', async () => {
    const env = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '500' };
    const app = await startTestApplication({ env });
    const bot = await placeBot(app, 'pooled');
    await injectFaults(app, bot, { refuseStop: true });
    await jobIn(app, bot.uid, await acceptDelete(app, bot), 'stuck');
    await app.world.setProgram(bot.instanceId, 'FATAL');
    const { observe, pass } = createHealthChecks(app);
    for (let round = 0; round < 4; round += 1) {
      expect((await observe()).restarts).toBe(0);
      pass(MINUTE_MS);
    }
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    await setStatus(app, bot.instanceId, 'failed');
    await app.world.setProgram(bot.instanceId, 'RUNNING');
    await observe();
    expect(await statusOf(app, bot.instanceId)).toBe('failed');
    expect(await sagasOf(app, 'restart-bot')).toEqual([]);
  });

  it('an entry that the platform’s next write brought back: neither marked nor started', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const before = await readPoolState(app);
    expect((await deleteBot(app, bot)).body.success).toBe(true);
    await waitFor('the tombstone to end', async () => {
      return (await standingTombstones(app)).every(({ status }) => status === 'ended');
    });
    await writePoolState(app, before);
    await app.world.addPooled({
      instanceId: bot.instanceId,
      containerName: CONTAINER,
      program: 'FATAL',
    });
    const { observe } = createHealthChecks(app);
    for (let round = 0; round < 4; round += 1) expect((await observe()).restarts).toBe(0);
    expect(await statusOf(app, bot.instanceId)).toBe('running');
    expect(await programOf(app, bot.instanceId)).toBe('FATAL');
  });

  it('a DELETE while a restart waits for its worker: takes its place at once', async () => {
    const app = await startTestApplication({ env: { WORKERS: 'none' } });
    const bot = await placeCrashed(app);
    const { round } = createHealthChecks(app);
    for (let n = 0; n < 3; n += 1) await round();
    const [restart] = await sagasOf(app, 'restart-bot');
    expect(restart?.state.phase).toBe('queued');

    const reply = await app.call(bot.uid, 'DELETE', `/bots/${bot.instanceId}`);

    expect(reply.status).toBe(202);
    const [ended] = await sagasOf(app, 'restart-bot');
    expect(ended).toMatchObject({ open: false, state: { phase: 'cancelled' } });
    const [deletion] = await sagasOf(app, 'delete-bot');
    expect(deletion).toMatchObject({ id: reply.body.jobId, open: true });
  });

  it('a DELETE in the middle of a restart: 202 at once, begun when the restart’s call is over', async () => {
    const app = await startTestApplication();
    const bot = await placeCrashed(app);
    const { round } = createHealthChecks(app);
    await round();
    await round();
    await injectFaults(app, bot, { hang: true });
    await round();
    await waitFor('the restart to be under way', async () => {
      return (await sagasOf(app, 'restart-bot')).some(({ epoch }) => epoch > 0);
    });

    const replies = await Promise.all(
      Array.from({ length: 8 }, () => app.call(bot.uid, 'DELETE', `/bots/${bot.instanceId}`)),
    );

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(replies.map(({ body }) => body.jobId)).size).toBe(1);
    const [restart] = await sagasOf(app, 'restart-bot');
    expect(restart?.open).toBe(false);
    await injectFaults(app, bot, null);
    const done = await deleteBot(app, bot);
    expect(done.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    const [deletion] = await sagasOf(app, 'delete-bot');
    const begunAt = deletion?.history.find(({ type }) => type === 'claimed')?.at ?? '';
    expect(Date.parse(begunAt) - Date.parse(restart?.finishedAt ?? '')).toBeGreaterThan(4_900);
    expect(await programOf(app, bot.instanceId)).toBeUndefined();
  });
});

describe('the events list', () => {
  it('another user’s bot, and one that is nobody’s: 404; an own bot without events: empty', async () => {
    const app = await startWithFixtures();
    await createHealthChecks(app).observe();
    const url = '/bots/uid-live-bot-3/events';
    expect((await app.call('uid-live', 'GET', url)).body.events).toHaveLength(1);
    expect((await app.call('uid-cents', 'GET', url)).status).toBe(404);
    expect((await app.call('uid-live', 'GET', '/bots/uid-live-bot-99/events')).status).toBe(404);
    const quiet = await app.call('uid-live', 'GET', '/bots/uid-live-bot-1/events');
    expect(quiet.body).toEqual({ events: [], nextCursor: null });
    expect((await app.call('uid-live', 'GET', `${url}?cursor=nonsense`)).status).toBe(400);
  });
});
