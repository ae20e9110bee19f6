// The fixtures' users, each of them a case of its own, synchronised: what their comments promise is what wallet,
// pool state and the world of bots then show (I2, I4), and a second run changes nothing (I12).

import { describe, expect, it } from 'vitest';
import {
  allOf,
  findingsOf,
  outsideState,
  ownEntries,
  readPoolState,
  startWithFixtures,
  userNamed,
} from '../support/deletions.ts';
import { returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';

describe('the fixtures, synchronised', () => {
  it('an orphan: 1105.00 come back, the balance is 18436.00, and the answer is the contract to the letter', async () => {
    const app = await startWithFixtures();
    const reply = await syncWallet(app, 'anshjarvis2003');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      success: true,
      message: 'Cleaned up 1 orphaned bot allocation(s)',
      jobId: expect.stringMatching(/^syn-/),
      data: {
        runningBots: [],
        validAllocations: [],
        cleanedBots: [{ botId: 'anshjarvis2003-bot-1', botName: 'Bot 1', returned: 1105, pnl: 0 }],
        totalReturned: 1105,
        newWalletBalance: 18436,
        skipped: [],
      },
    });
    const user = await userNamed(app, 'anshjarvis2003');
    expect(user.paperWallet.balance).toBe(18436);
    expect(user.botAllocations).toEqual({});
    expect(user.walletTransactions.at(-1)).toMatchObject({
      type: 'deallocate',
      amount: 1105,
      balanceAfter: 18436,
      description: 'Auto-cleanup: returned $1105.00 from orphaned bot (P&L: +$0.00)',
    });
    const entries = await ownEntries(app);
    expect(entries).toMatchObject([{ botId: 'anshjarvis2003-bot-1', type: 'deallocate' }]);
  });

  it('three live bots, one stopped, one marked failed: nothing is returned', async () => {
    const app = await startWithFixtures();
    const before = await outsideState(app);
    const { body } = await syncWallet(app, 'uid-live');
    expect(body).toMatchObject({
      message: 'Wallet is in sync with running bots',
      data: {
        runningBots: ['uid-live-bot-1', 'uid-live-bot-3'],
        validAllocations: ['uid-live-bot-1', 'uid-live-bot-2', 'uid-live-bot-3'],
        cleanedBots: [],
        totalReturned: 0,
        skipped: [],
      },
    });
    expect(body.data.newWalletBalance).toBe(500.25);
    expect(await outsideState(app)).toEqual(before);
  });

  it('every other user: money that was lost, cents, entries that are stale or lost, no money, a ghost, no wallet', async () => {
    const app = await startWithFixtures();
    const loss = await syncWallet(app, 'uid-loss');
    expect(returnedBy(loss)).toEqual({ 'uid-loss-bot-1': 0, 'uid-loss-bot-2': 40 });
    expect(loss.body.data).toMatchObject({ totalReturned: 40, newWalletBalance: 1040 });

    const cents = await syncWallet(app, 'uid-cents');
    expect(cents.body.data).toMatchObject({ totalReturned: 0.2, newWalletBalance: 0.3 });

    const stale = await syncWallet(app, 'uid-stale');
    expect(stale.body.data).toMatchObject({ totalReturned: 812.34, newWalletBalance: 822.34 });
    const lost = await syncWallet(app, 'uid-lost');
    expect(lost.body.data).toMatchObject({
      cleanedBots: [],
      validAllocations: ['uid-lost-bot-1'],
      skipped: [],
    });
    const { pools, botMapping } = await readPoolState(app);
    expect(botMapping['uid-stale-bot-1']).toBeUndefined();
    expect(pools['uid-stale-pool-1']?.bots).toEqual([]);
    expect(pools['uid-lost-pool-1']?.bots).toEqual(['uid-lost-bot-1']);
    expect(botMapping['uid-lost-bot-1']).toMatchObject({
      poolId: 'uid-lost-pool-1',
      containerName: 'freqtrade-pool-uid-lost-pool-1',
      slotIndex: 0,
      port: 9000,
      status: 'running',
      userId: 'uid-lost',
      dockerHost: 'simulated',
    });
    // What nobody told us: the platform resolves it by itself.
    expect(botMapping['uid-lost-bot-1']).not.toHaveProperty('host');

    const before = await outsideState(app);
    const sagas = await allOf(app, 'sagas');
    const bad = await syncWallet(app, 'uid-bad');
    expect(skippedOf(bad)).toEqual({ 'uid-bad-bot-1': 'not-money', 'uid-bad-bot-2': 'not-money' });
    expect(bad.body.data.newWalletBalance).toBe(77);
    const details = (await findingsOf(app, 'not-money')).map(({ evidence }) => evidence.detail);
    expect(details.sort()).toEqual(['currentValue: "61.5"', 'currentValue: -12.5']);
    const ghost = await syncWallet(app, 'uid-ghost');
    expect(ghost.body.data).toMatchObject({
      ...{ cleanedBots: [], validAllocations: [], runningBots: ['uid-ghost-bot-1'] },
    });
    const job = await app.call('uid-ghost', 'GET', `/jobs/${ghost.body.jobId}`);
    expect(job.body.result).toMatchObject({ data: ghost.body.data, ghosts: ['uid-ghost-bot-1'] });
    const legacy = await syncWallet(app, 'uid-legacy');
    expect(legacy.status).toBe(200);
    expect(legacy.body.data).toMatchObject({ cleanedBots: [], newWalletBalance: null });
    expect(legacy.body.data.skipped).toEqual([]);
    // Their runs, and nothing else: no saga of a repair, and nothing moved.
    expect(await allOf(app, 'sagas')).toHaveLength(sagas.length + 3);
    expect(await outsideState(app)).toEqual(before);
  });

  it('a second run of all users straight after the first: changes nothing (I12)', async () => {
    const app = await startWithFixtures();
    const uids = ['anshjarvis2003', 'uid-live', 'uid-loss', 'uid-cents', 'uid-stale', 'uid-lost'];
    const all = [...uids, 'uid-bad', 'uid-ghost', 'uid-legacy', 'uid-admin'];
    for (const uid of all) expect((await syncWallet(app, uid)).status).toBe(200);
    const before = await outsideState(app);
    for (const uid of all) {
      const { body } = await syncWallet(app, uid);
      expect(body.message).toBe('Wallet is in sync with running bots');
    }
    expect(await outsideState(app)).toEqual(before);
  });
});
