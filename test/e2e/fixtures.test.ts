// The fixtures' users, each of them a case of its own, deleted by DELETE: what their comments promise is
// what the wallet, the pool state and the world of bots then show (I1, I2).

import type { Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { problemOf } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  findingsOf,
  jobIn,
  outsideState,
  ownEntries,
  readPoolState,
  startWithFixtures,
  userNamed,
} from '../support/deletions.ts';
import { putUser, users } from '../support/users.ts';

const RETRY = { verb: 'retry', by: 'admin:test', reason: 'mended' } as const;

describe('the fixtures, deleted through the API', () => {
  it('live pooled bots, running, stopped and failed: each gives back its value, all three sources agree', async () => {
    const app = await startWithFixtures();
    const uid = 'uid-live';
    const returned = [262.5, 98.75, 75.5];
    const replies = [];
    for (const n of [1, 2, 3]) {
      replies.push(await deleteBot(app, { uid, instanceId: `uid-live-bot-${n}` }));
    }

    expect(
      replies.map(({ status, body }) => [status, body.wallet.returned, body.wallet.pnl]),
    ).toEqual([
      [200, 262.5, 12.5],
      [200, 98.75, -1.25],
      [200, 75.5, 0],
    ]);
    expect(replies.map(({ body }) => body.warnings)).toEqual([undefined, undefined, undefined]);
    const user = await userNamed(app, uid);
    expect(user.paperWallet.balance).toBe(937);
    expect(user.botAllocations).toEqual({});
    expect(user.walletTransactions.map((row: Document) => row.amount)).toEqual(returned);
    expect(user.walletTransactions[0].description).toBe(
      'Returned $262.50 from deleted bot (P&L: +$12.50)',
    );
    const { pools, botMapping } = await readPoolState(app);
    expect(pools['uid-live-pool-1']?.bots).toEqual([]);
    expect(Object.keys(botMapping)).toEqual(['uid-stale-bot-1']);
    const { pooled } = await app.world.snapshot();
    expect(pooled.map(({ instanceId }) => instanceId)).toEqual(['uid-lost-bot-1']);
    expect(await ownEntries(app)).toHaveLength(3);
    const tombstones = await allOf(app, 'tombstones');
    expect(tombstones.map(({ status }) => status)).toEqual(['ended', 'ended', 'ended']);
  });

  it('loss, old row, cents, stale entry, lost entry: every balance is right to the last decimal', async () => {
    const app = await startWithFixtures();
    const cases = [
      [
        'uid-loss',
        'uid-loss-bot-1',
        { previousBalance: 1000, newBalance: 1000, returned: 0, pnl: -300 },
      ],
      [
        'uid-loss',
        'uid-loss-bot-2',
        { previousBalance: 1000, newBalance: 1040, returned: 40, pnl: 0 },
      ],
      [
        'uid-cents',
        'uid-cents-bot-1',
        { previousBalance: 0.1, newBalance: 0.3, returned: 0.2, pnl: 0.05 },
      ],
      [
        'uid-stale',
        'uid-stale-bot-1',
        { previousBalance: 10, newBalance: 822.34, returned: 812.34, pnl: 12.34 },
      ],
      [
        'uid-lost',
        'uid-lost-bot-1',
        { previousBalance: 10, newBalance: 141, returned: 131, pnl: 11 },
      ],
    ] as const;
    for (const [uid, instanceId, wallet] of cases) {
      const reply = await deleteBot(app, { uid, instanceId });
      expect(reply.body, instanceId).toMatchObject({ success: true, wallet });
      expect((await userNamed(app, uid)).paperWallet.balance).toBe(wallet.newBalance);
    }
    expect((await readPoolState(app)).pools['uid-stale-pool-1']?.bots).toEqual([]);
    expect((await app.world.snapshot()).pooled.map((bot) => bot.instanceId)).not.toContain(
      'uid-lost-bot-1',
    );
    expect(await ownEntries(app)).toHaveLength(cases.length);
  });

  it('numbers that are not money: stuck naming the field, nothing touched; corrected and retried, it completes', async () => {
    const app = await startWithFixtures();
    const uid = 'uid-bad';
    const before = await outsideState(app);
    const cases = [
      ['uid-bad-bot-1', 'currentValue', '"61.5"', 61.5],
      ['uid-bad-bot-2', 'currentValue', '-12.5', 12.5],
    ] as const;
    const jobs: string[] = [];
    for (const [instanceId, field, found] of cases) {
      const reply = await deleteBot(app, { uid, instanceId });
      expect(reply.status).toBe(202);
      expect(reply.body.state).toBe('stuck');
      const job = await jobIn(app, uid, reply.body.jobId, 'stuck');
      expect(job.error).toMatchObject({
        class: 'hold',
        code: 'NOT_MONEY',
        step: 'lock-allocation',
      });
      expect(job.error.message).toContain(field);
      expect(job.error.message).toContain(found);
      // A repeat, stuck or not, is answered with the same job.
      expect((await deleteBot(app, { uid, instanceId })).body.jobId).toBe(job.jobId);
      jobs.push(job.jobId);
    }
    expect(await outsideState(app)).toEqual(before);

    for (const [index, [instanceId, , , corrected]] of cases.entries()) {
      await users(app.db).updateOne(
        { firebaseUid: uid },
        { $set: { [`botAllocations.${instanceId}.currentValue`]: corrected } },
        { bypassDocumentValidation: true },
      );
      const retried = await app.services.sagas.order(toSagaId(jobs[index]), RETRY);
      expect(retried).toMatchObject({ status: 'ordered' });
      const job = await jobIn(app, uid, jobs[index] ?? '', 'completed');
      expect(job.error).toBeNull();
    }
    expect((await userNamed(app, uid)).paperWallet.balance).toBe(151);
    expect(await ownEntries(app)).toHaveLength(2);
  });

  it('a ghost, by its owner: deleted, and no wallet is spoken of', async () => {
    const app = await startWithFixtures();
    const bot = { uid: 'uid-ghost', instanceId: 'uid-ghost-bot-1' };
    const reply = await deleteBot(app, bot);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ success: true, wallet: null });
    expect((await app.world.snapshot()).dedicated).toEqual([]);
    expect((await userNamed(app, 'uid-ghost')).paperWallet.balance).toBe(5);
    expect(await ownEntries(app)).toEqual([]);
    expect((await deleteBot(app, bot)).body.jobId).toBe(reply.body.jobId);
  });

  it("no such bot, somebody else's bot, a user from before wallets: 404, nothing touched", async () => {
    const app = await startWithFixtures();
    const before = await outsideState(app);
    for (const [uid, instanceId] of [
      ['uid-legacy', 'uid-legacy-bot-1'],
      ['uid-legacy', 'uid-live-bot-1'],
      ['uid-cents', 'uid-live-bot-1'],
      ['uid-cents', 'uid-ghost-bot-1'],
      ['uid-cents', 'uid-lost-bot-1'],
      ['uid-admin', 'anshjarvis2003-bot-1'],
      ['uid-cents', 'uid-cents-bot-2'],
    ] as const) {
      const reply = await deleteBot(app, { uid, instanceId });
      expect(problemOf(reply), `${uid} ${instanceId}`).toBe('404 bot-not-found');
    }
    expect(await outsideState(app)).toEqual(before);
    expect(await allOf(app, 'sagas')).toEqual([]);
    expect(await findingsOf(app, 'id-conflict')).toEqual([]);
  });

  it('an allocation in an account without a wallet: stuck naming the balance; cancelled, all is as before', async () => {
    const app = await startWithFixtures();
    const instanceId = 'uid-poor-bot-1';
    await putUser(app.db, {
      firebaseUid: 'uid-poor',
      balance: 1,
      bots: { [instanceId]: { allocatedAmount: 5, allocatedAt: new Date(0), botName: 'Poor' } },
    });
    await users(app.db).updateOne(
      { firebaseUid: 'uid-poor' },
      { $unset: { paperWallet: 1 } },
      { bypassDocumentValidation: true },
    );
    const before = await outsideState(app);
    const { body } = await deleteBot(app, { uid: 'uid-poor', instanceId });
    const job = await jobIn(app, 'uid-poor', body.jobId, 'stuck');
    expect(job.error.message).toContain('paperWallet.balance');
    expect((await app.call('uid-poor', 'POST', `/jobs/${job.jobId}/cancel`)).status).toBe(202);
    await jobIn(app, 'uid-poor', job.jobId, 'compensated');
    expect(await outsideState(app)).toEqual(before);
  });
});
