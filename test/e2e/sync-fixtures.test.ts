// The fixtures' users, each of them a case of its own, synchronised: what their comments promise is what wallet,
// pool state and the world of bots then show (I2, I4), and a second run changes nothing (I12).

import { describe, expect, it } from 'vitest';
import {
  allOf,
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

  it('a total loss and a row without a value: 0 and 40 come back', async () => {
    const app = await startWithFixtures();
    const reply = await syncWallet(app, 'uid-loss');
    expect(returnedBy(reply)).toEqual({ 'uid-loss-bot-1': 0, 'uid-loss-bot-2': 40 });
    expect(reply.body.data).toMatchObject({ totalReturned: 40, newWalletBalance: 1040 });
  });

  it('cents that doubles get wrong: the balance is exactly 0.3', async () => {
    const app = await startWithFixtures();
    const { body } = await syncWallet(app, 'uid-cents');
    expect(body.data).toMatchObject({ totalReturned: 0.2, newWalletBalance: 0.3 });
  });

  it('a stale entry in the pool state: it goes, and 812.34 come back', async () => {
    const app = await startWithFixtures();
    const { body } = await syncWallet(app, 'uid-stale');
    expect(body.data).toMatchObject({ totalReturned: 812.34, newWalletBalance: 822.34 });
    const { pools, botMapping } = await readPoolState(app);
    expect(botMapping['uid-stale-bot-1']).toBeUndefined();
    expect(pools['uid-stale-pool-1']?.bots).toEqual([]);
  });

  it('an entry that the file has lost: it is made again from the program, and nothing is returned', async () => {
    const app = await startWithFixtures();
    const { body } = await syncWallet(app, 'uid-lost');
    expect(body.data).toMatchObject({
      cleanedBots: [],
      validAllocations: ['uid-lost-bot-1'],
      skipped: [],
    });
    const { pools, botMapping } = await readPoolState(app);
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
  });

  it('no money, a text and a negative number: both are reported, no saga is opened, nothing moves', async () => {
    const app = await startWithFixtures();
    const before = await outsideState(app);
    const reply = await syncWallet(app, 'uid-bad');
    expect(skippedOf(reply)).toEqual({
      'uid-bad-bot-1': 'not-money',
      'uid-bad-bot-2': 'not-money',
    });
    expect(reply.body.data.newWalletBalance).toBe(77);
    expect(await outsideState(app)).toEqual(before);
    expect((await allOf(app, 'sagas')).map(({ kind }) => kind)).toEqual(['sync-wallet']);
  });

  it('a ghost: reported, not killed', async () => {
    const app = await startWithFixtures();
    const before = await outsideState(app);
    const { body } = await syncWallet(app, 'uid-ghost');
    expect(body.data).toMatchObject({ cleanedBots: [], validAllocations: [] });
    expect(body.data.runningBots).toEqual(['uid-ghost-bot-1']);
    const job = await app.call('uid-ghost', 'GET', `/jobs/${body.jobId}`);
    expect(job.body.result.data).toEqual(body.data);
    expect(job.body.result.ghosts).toEqual(['uid-ghost-bot-1']);
    expect(await outsideState(app)).toEqual(before);
  });

  it('a user from before wallets: nothing to do, and no balance is invented', async () => {
    const app = await startWithFixtures();
    const { status, body } = await syncWallet(app, 'uid-legacy');
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ cleanedBots: [], newWalletBalance: null, skipped: [] });
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
