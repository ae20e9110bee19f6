// Our DELETE and the platform's own at once. I2: one of them pays; ours ends, and says whose payment it was.

import { describe, expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobAtRest,
  ownEntries,
  type PlacedBot,
  userNamed,
} from '../support/deletions.ts';
import { platformSets } from '../support/users.ts';
import { createPlatform, type Platform } from './stand-in/platform.ts';

/** Between our lock and our refund the platform does what is given. @returns the job at rest. */
async function meetingAt(
  app: TestApplication,
  bot: PlacedBot,
  phase: string,
  meanwhile: () => Promise<unknown>,
) {
  const jobId = await deleteThatCannotStop(app, bot);
  await meanwhile();
  await injectFaults(app, bot, null);
  const job = await jobAtRest(app, bot.uid, jobId);
  expect(job.state).toBe(phase);
  return job;
}

describe('both deletions at once', () => {
  it('the platform pays under our lock: completed, its payment is the receipt, nothing is paid twice', async () => {
    const app = await startTestApplication();
    const platform = createPlatform(app);
    const bot = await platform.place();
    const { botAllocations } = await userNamed(app, bot.uid);
    const job = await meetingAt(app, bot, 'completed', async () => {
      await platform.delete(bot.uid, bot.instanceId);
      await platform.deposit(await platform.read(bot.uid), 5);
    });
    expect(job.result.wallet).toEqual({
      previousBalance: 50,
      newBalance: 160,
      returned: 110,
      pnl: 10,
    });
    expect(job.warnings).toMatchObject([{ code: 'paid-by-platform' }]);
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(165);
    const [entry, ...others] = (await allOf(app, 'ledger')).filter(({ sagaId }) => sagaId !== null);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      opId: expect.stringMatching(/^settle\./),
      source: 'platform',
      botId: bot.instanceId,
      standing: 'informational',
    });
    expect(Number(entry?.amountMinor)).toBe(11_000);
    const audit = await asAdmin(app, 'GET', `/admin/audit?userId=${bot.userId}`);
    expect(audit.body.user).toMatchObject({ status: 'conserved', paidTwice: [] });

    // The incarnation is known as settled from here on.
    await platformSets(app.db, bot.userId, { botAllocations });
    const again = await deleteBot(app, bot);
    expect(again.body).toMatchObject({ jobId: job.jobId, success: true });
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(165);
    const shown = await app.call(bot.uid, 'GET', '/wallet/transactions');
    const deallocations = shown.body.transactions.filter(
      ({ type }: { readonly type: string }) => type === 'deallocate',
    );
    expect(deallocations).toHaveLength(1);
  });

  it.each<[string, (platform: Platform, bot: PlacedBot, app: TestApplication) => Promise<unknown>]>(
    [
      [
        'it only withdrew a part',
        async (platform, { uid, instanceId, userId }, { db }) => {
          await platform.withdraw(await platform.read(uid), instanceId, 60);
          await platformSets(db, userId, { botAllocations: {} });
        },
      ],
      [
        'its row is from before the lock',
        (_, { uid, instanceId }, app) => {
          const now = () => new Date(Date.now() - 3_600_000);
          return createPlatform(app, { now }).delete(uid, instanceId);
        },
      ],
      [
        'its row is another bot’s',
        async (platform, { uid, userId }, { db }) => {
          const other = `${uid}-bot-9`;
          await platform.provision(uid, other, 50);
          await platform.delete(uid, other);
          await platformSets(db, userId, { botAllocations: {} });
        },
      ],
      [
        'the balance has not moved by it',
        async (platform, { uid, instanceId, userId }, { db }) => {
          await platform.delete(uid, instanceId);
          await platformSets(db, userId, { 'paperWallet.balance': 50 });
        },
      ],
    ],
  )(
    'the allocation is gone, and %s: nobody has paid, and a person decides',
    async (_, meanwhile) => {
      const app = await startTestApplication();
      const platform = createPlatform(app);
      const bot = await platform.place();
      const job = await meetingAt(app, bot, 'stuck', () => meanwhile(platform, bot, app));
      expect(job.error).toMatchObject({ code: 'ALLOCATION_VANISHED' });
      expect(await ownEntries(app)).toEqual([]);
    },
  );

  it('ten users, both at the same moment: all end, each is paid once', async () => {
    const app = await startTestApplication();
    const platform = createPlatform(app);
    const bots: PlacedBot[] = [];
    for (let n = 0; n < 10; n += 1) bots.push(await platform.place({ uid: `uid-${n}` }));
    const jobs = await Promise.all(
      bots.map(async (bot) => {
        const [ours] = await Promise.all([
          deleteBot(app, bot),
          platform.delete(bot.uid, bot.instanceId),
        ]);
        return ours;
      }),
    );
    for (const [n, { body }] of jobs.entries()) {
      const user = await userNamed(app, `uid-${n}`);
      expect(user.botAllocations, body.message).toEqual({});
      expect([150, 160], body.message).toContain(user.paperWallet.balance);
      expect(body.message).not.toMatch(/as it was before/);
    }
  });
});
