// When a synchronisation leaves a bot alone: each veto with its word, nothing moved, and what comes of it once the
// veto is over (I3, I4). Users are independent, so one application serves several.

import { describe, expect, it } from 'vitest';
import type { BotMapping } from '../../src/pool-state/pool-state.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  findingsOf,
  jobAt,
  jobIn,
  outsideState,
  ownEntries,
  type PlacedBot,
  placeBot,
  poolStateOf,
  readPoolState,
  standingTombstones,
  stuckDelete,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import {
  orphanOf,
  reasonsOf,
  reclaim,
  returnedBy,
  skippedOf,
  startSync,
  syncWallet,
} from '../support/syncs.ts';
import { allocation, platformSets, putUser, users } from '../support/users.ts';

const HOST = { host: 'simulated' };
/** Long enough for a slow machine to change something between the observations. */
const BEFORE_CONFIRMING = { env: { SYNC_CONFIRM_SECONDS: '8' } };

async function balanceOf(app: TestApplication, uid: string): Promise<number> {
  return (await userNamed(app, uid)).paperWallet.balance;
}

/** Everything but the pool state, which a test may have torn. */
async function moneyState(app: TestApplication) {
  const wallets = await users(app.db).find().sort({ _id: 1 }).toArray();
  return {
    wallets: wallets.map(({ withdrawn: _, ...user }) => user),
    ledger: await ownEntries(app),
    tombstones: await standingTombstones(app),
  };
}

/** Where a bot of `poolStateOf` stands in the file, changed. */
async function changeMapping(app: TestApplication, id: string, change: Partial<BotMapping>) {
  const state = await readPoolState(app);
  const mapping = state.botMapping[id];
  if (mapping === undefined) throw new Error(`no mapping of ${id}`);
  await writePoolState(app, {
    ...state,
    botMapping: { ...state.botMapping, [id]: { ...mapping, ...change } },
  });
}

/** An allocation with an entry in its pool, which runs without it. */
async function staleOf(app: TestApplication, uid: string): Promise<PlacedBot> {
  const bot = await placeBot(app, 'pooled', { uid });
  await vanish(app, bot);
  return bot;
}

/** Docker does not have it any more. */
async function vanish(app: TestApplication, { instanceId }: Pick<PlacedBot, 'instanceId'>) {
  await app.db.collection('simulatedBots').deleteMany({ instanceId });
}

/** As the page of its user has it. */
async function shownOf(app: TestApplication, { uid, instanceId }: PlacedBot) {
  const { body } = await app.call(uid, 'GET', '/bots');
  return body.bots.find((bot: { instanceId: string }) => bot.instanceId === instanceId);
}

describe('a source that cannot say (I4)', () => {
  it.each([
    ['refuses connections', { unreachable: true }],
    ['cannot tell', { unknown: true }],
  ] as const)(
    'a host that %s: 200, skipped with the reason, nothing moves; repaired when it is back',
    async (_, how) => {
      const app = await startTestApplication();
      const bot = await orphanOf(app, 'uid-one');
      const stale = await staleOf(app, 'uid-stale');
      const before = await outsideState(app);
      await app.world.injectFaults(HOST, how);
      for (const { uid, instanceId } of [bot, stale]) {
        const reply = await syncWallet(app, uid);
        expect(reply.status).toBe(200);
        expect(reply.body.data.cleanedBots).toEqual([]);
        expect(skippedOf(reply)[instanceId]).toBe('unknown');
        const reasons = await reasonsOf(app, reply.body.jobId);
        expect(reasons[instanceId]).toMatch(/^unknown: docker host "simulated"/);
      }
      await app.world.injectFaults(HOST, null);
      expect(await outsideState(app)).toEqual(before);
      expect((await allOf(app, 'sagas')).map(({ kind }) => kind)).not.toContain('reclaim-orphan');
      for (const { uid, instanceId } of [bot, stale]) {
        expect(returnedBy(await syncWallet(app, uid))).toEqual({ [instanceId]: 110 });
        expect(await balanceOf(app, uid)).toBe(160);
      }
    },
  );

  it.each(['torn', 'missing', 'of another shape'] as const)(
    'a pool state file that is %s: 200, skipped with the reason, nothing moves; repaired when it is back',
    async (way) => {
      const app = await startTestApplication();
      const bot = await orphanOf(app, 'uid-one');
      const heal = await spoilPoolState(app, way);
      const before = await moneyState(app);
      const reply = await syncWallet(app, bot.uid);
      expect(reply.status).toBe(200);
      expect(reply.body.data.skipped).toEqual([{ botId: bot.instanceId, reason: 'unknown' }]);
      const reasons = await reasonsOf(app, reply.body.jobId);
      expect(reasons[bot.instanceId]).toMatch(/^unknown: pool state: /);
      expect(await moneyState(app)).toEqual(before);
      await heal();
      expect(returnedBy(await syncWallet(app, bot.uid))).toEqual({ [bot.instanceId]: 110 });
    },
  );

  it('a pool of the user that cannot be asked: unknown; somebody else’s: nobody’s doubt', async () => {
    const app = await startTestApplication();
    const mine = await orphanOf(app, 'uid-one');
    const other = await orphanOf(app, 'uid-two');
    const pool = 'freqtrade-pool-uid-one-pool-1';
    await app.world.addPool({ containerName: pool });
    await app.world.setPool(pool, { supervisord: 'dead' });
    expect(skippedOf(await syncWallet(app, mine.uid))).toEqual({ [mine.instanceId]: 'unknown' });
    expect(returnedBy(await syncWallet(app, other.uid))).toEqual({ [other.instanceId]: 110 });
    expect(await balanceOf(app, mine.uid)).toBe(50);
  });

  it('the mapping names a Docker host that is not configured: unknown, with its name', async () => {
    const app = await startTestApplication();
    const bot = await staleOf(app, 'uid-one');
    await changeMapping(app, bot.instanceId, { dockerHost: 'elsewhere' });
    const { body } = await syncWallet(app, bot.uid);
    expect(body.data.cleanedBots).toEqual([]);
    expect(body.data.skipped).toContainEqual({ botId: bot.instanceId, reason: 'unknown' });
    expect((await reasonsOf(app, body.jobId))[bot.instanceId]).toBe(
      'unknown: docker host "elsewhere" is not configured',
    );
    expect(await balanceOf(app, bot.uid)).toBe(50);
    expect(await shownOf(app, bot)).toMatchObject({
      verdict: 'unknown',
      docker: { status: 'unknown', code: 'DOCKER_UNKNOWN' },
    });
  });

  it('a host that has lost all its bots: not shown as an orphan, as it is not paid as one', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated', { uid: 'uid-one' });
    await syncWallet(app, bot.uid);
    await app.db.collection('simulatedBots').deleteMany({ kind: { $ne: 'host' as never } });
    expect(skippedOf(await syncWallet(app, bot.uid))[bot.instanceId]).toMatch(/^unknown/);
    expect(await shownOf(app, bot)).toMatchObject({
      verdict: 'unknown',
      docker: { status: 'unknown', code: 'DOCKER_UNKNOWN' },
    });
  });

  it('the host stops answering between the observations: unknown, nothing moves', async () => {
    const app = await startTestApplication(BEFORE_CONFIRMING);
    const bot = await orphanOf(app, 'uid-one');
    const jobId = await startSync(app, bot.uid);
    await jobAt(app, bot.uid, jobId, 'confirm');
    await app.world.injectFaults(HOST, { unreachable: true });
    const { result } = await jobIn(app, bot.uid, jobId, 'completed');
    expect(result.data.skipped).toMatchObject([{ botId: bot.instanceId }]);
    expect((await reasonsOf(app, jobId))[bot.instanceId]).toMatch(/^unknown: /);
    expect(await balanceOf(app, bot.uid)).toBe(50);
  });
});

describe('somebody is at it', () => {
  it('a deletion that is stuck: open-saga, nothing moves; resolved by the deletion, not by a sync', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '300' },
    });
    const bot = await placeBot(app, 'dedicated');
    const jobId = await stuckDelete(app, bot);
    await vanish(app, bot);
    const before = await outsideState(app);
    const reply = await syncWallet(app, bot.uid);
    expect(skippedOf(reply)).toEqual({ [bot.instanceId]: 'open-saga' });
    expect(await outsideState(app)).toEqual(before);
    const { body } = await app.call(bot.uid, 'GET', `/jobs/${jobId}`);
    expect(body.state).toBe('stuck');
  });

  it('a mapping that is pending: left alone for ten minutes, or as long as nobody can tell since when; then paid', async () => {
    const app = await startTestApplication();
    const minutesAgo = (n: number) => new Date(Date.now() - n * 60_000).toISOString();
    const cases: [uid: string, createdAt: string, isLeft: boolean][] = [
      ['uid-now', minutesAgo(0), true],
      ['uid-nine', minutesAgo(9), true],
      ['uid-someday', 'some day', true],
      ['uid-eleven', minutesAgo(11), false],
    ];
    for (const [uid, createdAt, isLeft] of cases) {
      const { instanceId } = await staleOf(app, uid);
      await changeMapping(app, instanceId, { status: 'pending', createdAt });
      const reply = await syncWallet(app, uid);
      const skipped = skippedOf(reply)[instanceId];
      expect([uid, skipped]).toEqual([uid, isLeft ? 'pending' : undefined]);
      expect([uid, await balanceOf(app, uid)]).toEqual([uid, isLeft ? 50 : 160]);
      const entry = (await readPoolState(app)).botMapping[instanceId];
      expect([uid, entry === undefined]).toEqual([uid, !isLeft]);
    }
  });
});

describe('what changes between the observations', () => {
  it('an allocation younger than SYNC_YOUNG_SECONDS: the job waits until it is that old, then pays', async () => {
    const app = await startTestApplication({ env: { SYNC_YOUNG_SECONDS: '2' } });
    const allocatedAt = new Date();
    const young = await orphanOf(app, 'uid-young', { allocatedAt });
    const future = new Date(Date.now() + 3_600_000);
    const early = await orphanOf(app, 'uid-early', { allocatedAt: future });
    const jobs = await Promise.all([startSync(app, young.uid), startSync(app, early.uid)]);
    const [waiting] = await Promise.all(
      jobs.map((id, n) => jobAt(app, [young, early][n]?.uid ?? '', id, 'confirm')),
    );
    expect(waiting).toMatchObject({ state: 'running' });
    expect(await balanceOf(app, young.uid)).toBe(50);
    for (const [n, { uid }] of [young, early].entries()) {
      await jobIn(app, uid, jobs[n] ?? '', 'completed');
      expect(await balanceOf(app, uid)).toBe(160);
    }
    const [entry] = (await userNamed(app, young.uid)).walletTransactions;
    expect(entry.timestamp.getTime() - allocatedAt.getTime()).toBeGreaterThanOrEqual(2_000);
  });

  it('another allocation stands there, or another value, or the bot is there after all: each gets what is true now', async () => {
    const app = await startTestApplication(BEFORE_CONFIRMING);
    const meanwhile: Record<string, (bot: PlacedBot, at: string) => Promise<unknown>> = {
      'uid-date': ({ userId }, at) => set(userId, { [`${at}.allocatedAt`]: new Date() }),
      'uid-amount': ({ userId }, at) => set(userId, { [`${at}.allocatedAmount`]: 120 }),
      'uid-name': ({ userId }, at) => set(userId, { [`${at}.botName`]: 'Another' }),
      'uid-value': ({ userId }, at) => set(userId, { [`${at}.currentValue`]: 95.5 }),
      'uid-text': ({ userId }, at) => set(userId, { [`${at}.currentValue`]: 'much' }),
      'uid-gone': ({ userId }) => set(userId, { botAllocations: {} }),
      'uid-back': ({ uid, instanceId }) =>
        app.world.addDedicated({ instanceId, labels: { instanceId, userId: uid } }),
    };
    const set = (userId: PlacedBot['userId'], fields: object) =>
      platformSets(app.db, userId, fields);
    const runs = await Promise.all(
      Object.keys(meanwhile).map(async (uid) => {
        const bot = await orphanOf(app, uid);
        const jobId = await startSync(app, uid);
        await jobAt(app, uid, jobId, 'confirm');
        await meanwhile[uid]?.(bot, `botAllocations.${bot.instanceId}`);
        const { result } = await jobIn(app, uid, jobId, 'completed');
        const { cleanedBots, skipped } = result.data;
        const reason = skipped[0]?.reason ?? null;
        return [uid, cleanedBots[0]?.returned ?? null, reason, await balanceOf(app, uid)];
      }),
    );
    expect(runs).toEqual([
      ['uid-date', null, 'changed', 50],
      ['uid-amount', null, 'changed', 50],
      ['uid-name', null, 'changed', 50],
      ['uid-value', 95.5, null, 145.5],
      ['uid-text', null, 'not-money', 50],
      ['uid-gone', null, null, 50],
      ['uid-back', null, null, 50],
    ]);
    expect(
      (await allOf(app, 'sagas')).filter(({ kind }) => kind === 'reclaim-orphan'),
    ).toHaveLength(1);
  });
});

describe('what is seen after the second observation: the reclaiming turns back', () => {
  it.each([
    ['dedicated', 'dedicated', true],
    ['pooled', 'pooled', true],
    ['pooled and stopped', 'pooled', false],
  ] as const)('a live bot, %s: compensated, everything as before', async (_, kind, isRunning) => {
    const app = await startTestApplication();
    const bot = await placeBot(app, kind, { isRunning });
    const before = await outsideState(app);
    const { state } = await reclaim(app, bot);
    expect(state).toMatchObject({ phase: 'compensated', cause: { code: 'SEEN_AGAIN' } });
    expect(await outsideState(app)).toEqual(before);
    expect(await standingTombstones(app)).toEqual([]);
  });

  it('Docker cannot say right before the payment: compensated, and the entry is back', async () => {
    const app = await startTestApplication();
    const bot = await staleOf(app, 'uid-one');
    const before = await outsideState(app);
    await app.world.injectFaults(HOST, { unreachable: true });
    const { state } = await reclaim(app, bot);
    await app.world.injectFaults(HOST, null);
    expect(state).toMatchObject({ phase: 'compensated', cause: { code: 'SOURCE_UNKNOWN' } });
    expect(await outsideState(app)).toEqual(before);
  });

  it('another incarnation of the id stands there: compensated before it is touched', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one', { allocatedAt: new Date('2026-11-11T11:11:11Z') });
    const before = await outsideState(app);
    const { state } = await reclaim(app, bot);
    expect(state).toMatchObject({ phase: 'compensated', cause: { code: 'ALLOCATION_CHANGED' } });
    expect(await outsideState(app)).toEqual(before);
  });
});

describe('what was paid before, and what is somebody else’s', () => {
  it.each([
    ['its map alone', false],
    ['the whole document', true],
  ])(
    'an allocation that came back after it was paid (%s): settled, a finding, never paid again',
    async (_, isWhole) => {
      const app = await startTestApplication();
      const bot = await placeBot(app, 'dedicated');
      const stale = await userNamed(app, bot.uid);
      await deleteBot(app, bot);
      const { _id, botAllocations } = stale;
      if (isWhole) await users(app.db).replaceOne({ _id }, stale);
      else await platformSets(app.db, bot.userId, { botAllocations });
      const before = await outsideState(app);
      const reply = await syncWallet(app, bot.uid);
      expect(skippedOf(reply)).toEqual({ [bot.instanceId]: 'settled' });
      expect(await outsideState(app)).toEqual(before);
      expect(await findingsOf(app, 'resurrected')).toMatchObject([{ instanceId: bot.instanceId }]);
      await syncWallet(app, bot.uid);
      expect(await findingsOf(app, 'resurrected')).toHaveLength(1);
      expect(await ownEntries(app)).toHaveLength(1);
    },
  );

  it('another user’s container of the same id: not touched, reported; the orphan is paid', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one');
    const { instanceId } = bot;
    await app.world.addDedicated({ instanceId, labels: { instanceId, userId: 'uid-two' } });
    const world = await app.world.snapshot();
    expect(returnedBy(await syncWallet(app, bot.uid))).toEqual({ [instanceId]: 110 });
    expect(await app.world.snapshot()).toEqual(world);
    expect(await findingsOf(app, 'id-conflict')).toMatchObject([{ instanceId }]);
  });

  it('another user’s entry of the same id, on a host nobody knows: not touched, reported, no veto for this user', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one');
    const { instanceId } = bot;
    const foreign = poolStateOf('uid-two');
    const [mapping] = Object.values(foreign.botMapping);
    if (mapping === undefined) throw new Error('no mapping');
    const theirs = { ...mapping, instanceId, dockerHost: 'elsewhere' };
    await writePoolState(app, { ...foreign, botMapping: { [instanceId]: theirs } });
    const reply = await syncWallet(app, bot.uid);
    expect(returnedBy(reply)).toEqual({ [instanceId]: 110 });
    expect((await readPoolState(app)).botMapping).toEqual({ [instanceId]: theirs });
    expect(await findingsOf(app, 'id-conflict')).toMatchObject([{ instanceId }]);
  });

  it('the pool state gives a bot that runs to another user, whose wallet holds nothing of it: its owner is not paid back (I4)', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one');
    const { instanceId } = bot;
    await app.world.addDedicated({ instanceId });
    const { botMapping, ...rest } = poolStateOf(bot.uid);
    await writePoolState(app, { ...rest, pools: {}, botMapping });
    const containerName = `freqtrade-${instanceId}`;
    await changeMapping(app, instanceId, { poolId: 'dedicated', containerName, userId: 'uid-two' });
    await syncWallet(app, bot.uid);
    expect(await balanceOf(app, bot.uid)).toBe(50);
  });

  it('a container that an operator renames between two runs: its bot is known by the id, and not paid back (I4)', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one');
    await app.world.addDedicated({ instanceId: bot.instanceId });
    // A host without any container of the platform would not be believed.
    await app.world.addDedicated({ instanceId: 'uid-neighbour-bot-1' });
    await syncWallet(app, bot.uid);
    await app.world.rename(bot.instanceId, 'somebody-elses-idea');
    await syncWallet(app, bot.uid);
    expect(await balanceOf(app, bot.uid)).toBe(50);
  });

  it('a container that bears the labels alone: a DELETE does not touch it (I4)', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one');
    const { instanceId } = bot;
    const labels = { instanceId, userId: bot.uid };
    await app.world.addDedicated({ instanceId, labels, containerName: 'a-copy' });
    expect((await deleteBot(app, bot)).status).toBe(200);
    expect((await app.world.snapshot()).dedicated).toMatchObject([{ running: true }]);
  });

  it('an undated allocation without a bot: paid once, however often it is synchronised', async () => {
    const app = await startTestApplication();
    const bot = await orphanOf(app, 'uid-one', { allocatedAt: undefined });
    await Promise.all([startSync(app, bot.uid), startSync(app, bot.uid, '?passive=true')]);
    const replies = await Promise.all([1, 2, 3].map(() => syncWallet(app, bot.uid)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await balanceOf(app, bot.uid)).toBe(160);
    expect(await ownEntries(app)).toHaveLength(1);
  });

  it('keys in the wallet that are no ids of bots: reported, nothing is asked about them, nothing moves', async () => {
    const app = await startTestApplication();
    const bots = {
      'no\nid': allocation(5, 5),
      '..': allocation(6, 6),
      'uid-one-bot-1': allocation(7, 7),
    };
    await putUser(app.db, { balance: 50, bots, firebaseUid: 'uid-one' });
    const reply = await syncWallet(app, 'uid-one');
    expect(skippedOf(reply)).toEqual({ 'no\nid': 'not-a-bot-id', '..': 'not-a-bot-id' });
    expect(returnedBy(reply)).toEqual({ 'uid-one-bot-1': 7 });
    const { botAllocations } = await userNamed(app, 'uid-one');
    expect(Object.keys(botAllocations)).toEqual(['no\nid', '..']);
  });
});

describe('a ghost that an ended tombstone names', () => {
  /** Deleted and gone; then its program is back, and another bot is an orphan, so that the run has to wait. */
  async function returned(app: TestApplication) {
    const uid = 'uid-one';
    const bot = await placeBot(app, 'pooled', { uid });
    await deleteBot(app, bot);
    const containerName = 'freqtrade-pool-uid-one-pool-1';
    await app.world.addPooled({ instanceId: bot.instanceId, containerName });
    const other = { 'botAllocations.uid-one-bot-7': allocation(5, 5) };
    await platformSets(app.db, bot.userId, other);
    return bot;
  }
  const programOf = async (app: TestApplication, { instanceId }: PlacedBot) =>
    (await app.world.snapshot()).pooled.find((one) => one.instanceId === instanceId)?.program;

  it('removed again', async () => {
    const app = await startTestApplication();
    const bot = await returned(app);
    await syncWallet(app, bot.uid);
    expect(await programOf(app, bot)).toBeUndefined();
  });

  it('in a container that the deletion never saw: reported, as nothing was repaired', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated', { uid: 'uid-one' });
    const { instanceId, uid } = bot;
    await deleteBot(app, bot);
    await app.world.addDedicated({ instanceId, labels: { instanceId, userId: uid } });
    const { body } = await syncWallet(app, uid);
    const job = await app.call(uid, 'GET', `/jobs/${body.jobId}`);
    expect(job.body.result.ghosts).toEqual([instanceId]);
    const left = (await app.world.snapshot()).dedicated.map((one) => one.instanceId);
    expect(left).toEqual([instanceId]);
  });

  it('a new incarnation of its id is made between the observations: left alone', async () => {
    const app = await startTestApplication(BEFORE_CONFIRMING);
    const bot = await returned(app);
    const jobId = await startSync(app, bot.uid);
    await jobAt(app, bot.uid, jobId, 'confirm');
    const made = allocation(20, 20, { allocatedAt: new Date() });
    await platformSets(app.db, bot.userId, { [`botAllocations.${bot.instanceId}`]: made });
    await jobIn(app, bot.uid, jobId, 'completed');
    expect(await programOf(app, bot)).toBe('RUNNING');
  });
});
