// The run over all users: what it finds, what it leaves to the runs of those users, and what stops it (I3, I4, I12).

import { describe, expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startBeside, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  allOf,
  injectFaults,
  jobIn,
  outsideState,
  placeBot,
  poolStateOf,
  readPoolState,
  startWithFixtures,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import { orphanOf, reasonsOf, syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

/** POST /admin/sync-all, and its job at its end. */
async function syncAll(app: TestApplication, query = '') {
  const { status, body } = await asAdmin(app, 'POST', `/admin/sync-all${query}`);
  if (status !== 202) throw new Error(`sync-all answered ${status}`);
  return waitFor(`run ${body.jobId} to end`, async () => {
    const job = (await asAdmin(app, 'GET', `/jobs/${body.jobId}`)).body;
    return job.state === 'completed' && job;
  });
}

async function sagasOf(app: TestApplication, kind: string) {
  return (await allOf(app, 'sagas')).filter((saga) => saga.kind === kind);
}

/** Somebody whose bot lives: a world without any container stops every run. */
const hasLiveBot = (app: TestApplication) => placeBot(app, 'dedicated', { uid: 'uid-lives' });

describe('everybody', () => {
  it('the fixtures: what their comments promise, and only who drifted costs a job; a second run changes nothing (I12)', async () => {
    const app = await startWithFixtures();
    const { result, warnings } = await syncAll(app);
    expect(warnings).toEqual([]);
    expect(result).toMatchObject({
      ...{ users: 7, allocations: 11, live: 3, orphans: 7, lostEntries: 1, staleEntries: 0 },
      ...{ unknown: 0, held: 0, ghosts: 1, containers: 5, reasons: [], orphanValue: 1957.54 },
      ...{ dryRun: false, stoppedBy: null, scheduledUsers: 6, repaired: 5, totalReturned: 1957.54 },
      ghostSample: ['uid-ghost-bot-1 in freqtrade-uid-ghost-bot-1 on simulated'],
    });
    const balances = { anshjarvis2003: 18436, 'uid-live': 500.25, 'uid-loss': 1040 };
    const others = { 'uid-cents': 0.3, 'uid-stale': 822.34, 'uid-lost': 10, 'uid-bad': 77 };
    for (const [uid, balance] of Object.entries({ ...balances, ...others, 'uid-ghost': 5 })) {
      expect([uid, (await userNamed(app, uid)).paperWallet.balance]).toEqual([uid, balance]);
    }
    const { pools, botMapping } = await readPoolState(app);
    expect(Object.keys(botMapping).filter((id) => !id.startsWith('uid-live'))).toEqual([
      'uid-lost-bot-1',
    ]);
    expect(pools['uid-stale-pool-1']?.bots).toEqual([]);
    const ran = (await sagasOf(app, 'sync-wallet')).map(({ subject }) => Number(`0x${subject}`));
    expect(ran.toSorted()).toEqual([1, 3, 4, 5, 6, 7]);

    const before = await outsideState(app);
    const again = (await syncAll(app)).result;
    expect(again).toMatchObject({ orphans: 2, repaired: 0, totalReturned: 0, scheduledUsers: 1 });
    expect(await outsideState(app)).toEqual(before);
  });

  it('?dryRun=true: counted and shown, nothing is changed, marked, noted or scheduled', async () => {
    const app = await startWithFixtures({ areHostsKnown: false });
    const before = await outsideState(app);
    const { result } = await syncAll(app, '?dryRun=true');
    expect(result).toMatchObject({ orphans: 7, dryRun: true, scheduledUsers: 0, repaired: null });
    const drift = { botId: 'anshjarvis2003-bot-1', verdict: 'orphan', value: 1105 };
    expect(result.drifts).toContainEqual({ userId: '000000000000000000000001', ...drift });
    expect(await outsideState(app)).toEqual(before);
    for (const collection of ['suspects', 'findings', 'orphanSamples', 'hostRecords']) {
      expect([collection, await allOf(app, collection)]).toEqual([collection, []]);
    }
    expect((await allOf(app, 'sagas')).map(({ kind }) => kind)).toEqual(['sync-all']);
  });

  it('entries without money or bot: each user’s own goes, somebody unknown’s stays and is counted; a bot under a deletion is held', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '300' },
    });
    await hasLiveBot(app);
    await putUser(app.db, { balance: 1, bots: {}, firebaseUid: 'uid-two' });
    const [theirs, unowned] = [poolStateOf('uid-two'), poolStateOf('uid-nobody')];
    await writePoolState(app, {
      ...theirs,
      pools: { ...theirs.pools, ...unowned.pools },
      botMapping: { ...theirs.botMapping, ...unowned.botMapping },
    });
    const held = await placeBot(app, 'dedicated', { uid: 'uid-held' });
    await injectFaults(app, held, { refuseStop: true });
    await jobIn(app, held.uid, await acceptDelete(app, held), 'stuck');
    const { instanceId } = held;
    await app.db.collection('simulatedBots').deleteMany({ instanceId });

    const { result } = await syncAll(app);
    expect(result).toMatchObject({ staleEntries: 6, orphans: 0, held: 1, scheduledUsers: 1 });
    const { pools, botMapping } = await readPoolState(app);
    expect(Object.keys(botMapping)).toEqual([1, 2, 3].map((n) => `uid-nobody-bot-${n}`));
    expect(pools['uid-two-pool-1']?.bots).toEqual([]);
    expect(pools['uid-nobody-pool-1']?.bots).toHaveLength(3);
    expect((await userNamed(app, held.uid)).paperWallet.balance).toBe(50);
  });

  it('a suspect whose bot is there again: a run that could see everybody’s bots ends the suspicion', async () => {
    const app = await startTestApplication();
    await hasLiveBot(app);
    const { uid, instanceId } = await orphanOf(app, 'uid-one');
    await syncWallet(app, uid, '?passive=true');
    await app.world.addDedicated({ instanceId, labels: { instanceId, userId: uid } });
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    await syncAll(app);
    expect(await allOf(app, 'suspects')).toHaveLength(1);
    await app.world.injectFaults({ host: 'simulated' }, null);
    await syncAll(app);
    expect(await allOf(app, 'suspects')).toEqual([]);
  });

  it('a user who is no administrator: 403, and no run; their job is not seen by others', async () => {
    const app = await startWithFixtures({ env: { WORKERS: 'none' } });
    const refused = await app.call('anshjarvis2003', 'POST', '/admin/sync-all');
    expect(refused.status).toBe(403);
    expect(await allOf(app, 'sagas')).toEqual([]);
    const { body } = await asAdmin(app, 'POST', '/admin/sync-all');
    expect((await app.call('uid-live', 'GET', `/jobs/${body.jobId}`)).status).toBe(404);
    const again = (await asAdmin(app, 'POST', '/admin/sync-all')).body;
    const rehearsal = (await asAdmin(app, 'POST', '/admin/sync-all?dryRun=true')).body;
    const forced = (await asAdmin(app, 'POST', '/admin/sync-all?force=true')).body;
    expect(again.jobId).toBe(body.jobId);
    expect(new Set([body, rehearsal, forced].map(({ jobId }) => jobId)).size).toBe(3);
  });
});

describe('the guards', () => {
  it.each([
    ['too-many-refunds', { SYNC_MAX_REFUNDS: '2' }, 3, 12],
    ['too-large-a-share', {}, 11, 1],
    ['no-containers', {}, 1, 0],
  ])(
    '%s: reported, nothing marked, scheduled or moved; force goes on',
    async (guard, env, orphans, live) => {
      const app = await startTestApplication({ env });
      const uids = Array.from({ length: orphans }, (_, n) => `uid-orphan-${n}`);
      for (const uid of uids) await orphanOf(app, uid);
      for (let n = 0; n < live; n += 1) await placeBot(app, 'dedicated', { uid: `uid-live-${n}` });
      const before = await outsideState(app);

      const { result, warnings } = await syncAll(app);
      expect(result).toMatchObject({
        stoppedBy: guard,
        orphans,
        scheduledUsers: 0,
        repaired: null,
      });
      expect(warnings).toMatchObject([{ code: guard }]);
      expect(await outsideState(app)).toEqual(before);
      expect(await allOf(app, 'suspects')).toEqual([]);
      expect((await allOf(app, 'sagas')).map(({ kind }) => kind)).toEqual(['sync-all']);

      const forced = await syncAll(app, '?force=true');
      expect(forced.result).toMatchObject({ stoppedBy: null, repaired: orphans });
      expect(forced.warnings).toMatchObject([{ code: guard }]);
      for (const uid of uids) expect((await userNamed(app, uid)).paperWallet.balance).toBe(160);
    },
  );

  it('an explicit run of one user: not stopped by them', async () => {
    const app = await startTestApplication({ env: { SYNC_MAX_REFUNDS: '1' } });
    const bots = Object.fromEntries(
      ['a', 'b', 'c'].map((n) => [`uid-one-bot-${n}`, allocation(1, 1)]),
    );
    await putUser(app.db, { balance: 0, bots, firebaseUid: 'uid-one' });
    expect((await syncWallet(app, 'uid-one')).body.data.totalReturned).toBe(3);
  });

  it('a host that holds nothing while the file places bots there: unknown, and no force goes over an unknown (I4)', async () => {
    const app = await startWithFixtures();
    await app.db.collection('simulatedBots').deleteMany({});
    const before = await outsideState(app);
    const stopped = (await syncAll(app)).result;
    expect(stopped).toMatchObject({ stoppedBy: 'no-containers', orphans: 0, unknown: 11 });
    expect(stopped.reasons[0]).toMatch(/^docker host "simulated" holds no container, but/);
    const forced = (await syncAll(app, '?force=true')).result;
    expect(forced).toMatchObject({ orphans: 0, unknown: 11, repaired: 0, totalReturned: 0 });
    const explicit = await syncWallet(app, 'anshjarvis2003');
    expect(explicit.body.data.cleanedBots).toEqual([]);
    const [reason] = Object.values(await reasonsOf(app, explicit.body.jobId));
    expect(reason).toMatch(/^unknown: docker host "simulated" holds/);
    expect(await outsideState(app)).toEqual(before);
  });
});

describe('by itself', () => {
  const HOURLY = { SYNC_EVERY_MINUTES: '60' };

  it('two processes start at once: one passive run, which only marks; one schedule, which outlives a flush of Redis', async () => {
    const app = await startTestApplication({ env: { ...HOURLY, WORKERS: 'none' } });
    await hasLiveBot(app);
    const bot = await orphanOf(app, 'uid-one');
    await Promise.all([1, 2].map(() => startBeside(app, { WORKERS: 'inline' })));
    const [run, ...more] = await waitFor('the run after the start', async () => {
      const runs = await sagasOf(app, 'sync-all');
      return runs[0]?.state.phase === 'completed' && runs;
    });
    expect(more).toEqual([]);
    expect(run).toMatchObject({ key: 'sync-all/passive', requestedBy: 'system:start' });
    expect(run?.result).toMatchObject({ orphans: 1, scheduledUsers: 1, repaired: null });
    expect(await allOf(app, 'suspects')).toMatchObject([{ instanceId: bot.instanceId }]);
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(50);
    const [confirming] = await sagasOf(app, 'sync-wallet');
    const waitMs = confirming?.input.notBeforeMs - run?.createdAt.getTime();
    expect(waitMs).toBeGreaterThanOrEqual(60_000);

    await waitFor('the schedule', async () => (await schedules(app)).length === 1);
    expect(await schedules(app)).toMatchObject([{ every: 3_600_000 }]);
    expect((await schedules(app))[0]?.next).toBeGreaterThan(Date.now() + 3_500_000);
    await flush(app);
    expect(await schedules(app)).toEqual([]);
    const [back] = await waitFor('the schedule to be back', async () => {
      const found = await schedules(app);
      expect(found.length).toBeLessThan(2);
      return found.length === 1 && found;
    });
    expect(back?.next).toBeGreaterThan(Date.now() + 3_500_000);
    // And what waits for its wake-up is woken all the same.
    expect((await syncAll(app, '?dryRun=true')).result).toMatchObject({ orphans: 1 });
    expect(await sagasOf(app, 'sync-all')).toHaveLength(2);
  });

  it('SYNC_EVERY_MINUTES=0: no run after a start', async () => {
    const app = await startTestApplication();
    await syncAll(app, '?dryRun=true');
    expect(await sagasOf(app, 'sync-all')).toHaveLength(1);
    expect(await schedules(app)).toEqual([]);
  });

  const schedules = async (app: TestApplication) =>
    (await app.services.engine.queues.get('sync')?.getJobSchedulers()) ?? [];

  /** All that this test has in Redis; other tests are on the same server. */
  async function flush({ services: { redis, keyPrefix } }: TestApplication): Promise<void> {
    const keys = await redis.keys(`${keyPrefix}:*`);
    if (keys.length > 0) await redis.del(...keys);
  }
});
