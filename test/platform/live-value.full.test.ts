// What a deletion pays: the bot's own word, asked before it is stopped; the stored value only where there is none, and
// then the row, the receipt and the job say so.

import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, type PlacedBot } from '../support/deletions.ts';
import { readUser } from '../support/users.ts';
import { createPlatform } from './stand-in/platform.ts';

const UID = 'uid-one';
const INSTANCE = `${UID}-bot-1`;

/** A bot of 1000 that the platform made, whose stored value nobody has touched since, beside a balance of 500. */
const place = (app: TestApplication, live: number | null): Promise<PlacedBot> =>
  createPlatform(app).place({ allocated: 1000, live, balance: 500 });

it.each([
  [400, 400, -600, 900, 'Returned $400.00 from deleted bot (P&L: -$600.00)'],
  [1234.56, 1234.56, 234.56, 1734.56, 'Returned $1234.56 from deleted bot (P&L: +$234.56)'],
  [0, 0, -1000, 500, 'Returned $0.00 from deleted bot (P&L: -$1000.00)'],
  [0.005, 0, -1000, 500, 'Returned $0.00 from deleted bot (P&L: -$1000.00)'],
])(
  'allocation 1000/1000, live total %d: %d is returned, with a P&L of %d',
  async (live, returned, pnl, newBalance, description) => {
    const app = await startTestApplication();
    const bot = await place(app, live);
    const reply = await deleteBot(app, bot);
    expect(reply.body).toMatchObject({
      success: true,
      wallet: { previousBalance: 500, newBalance, returned, pnl },
    });
    expect(reply.body.warnings).toBeUndefined();
    const user = await readUser(app.db, bot.userId);
    expect(user.paperWallet.balance).toBe(newBalance);
    expect(user.walletTransactions.at(-1)).toMatchObject({
      ...{ type: 'deallocate', amount: returned, pnl, description, balanceAfter: newBalance },
      valueSource: 'bot',
    });
    const entry = await app.db.collection('ledger').findOne({ botId: INSTANCE });
    expect(entry).toMatchObject({ valueSource: 'bot', balanceAfter: newBalance });
  },
);

it('currentValue written while the bot stops: the bot’s own word is paid all the same', async () => {
  const app = await startTestApplication();
  const bot = await place(app, 400);
  await app.world.injectFaults({ instanceId: INSTANCE }, { hang: 1 });
  const job = deleteBot(app, bot);
  await app.db
    .collection('users')
    .updateOne(
      { firebaseUid: UID },
      { $set: { [`botAllocations.${INSTANCE}.currentValue`]: 777 } },
    );
  expect((await job).body.wallet).toMatchObject({ returned: 400, pnl: -600 });
});

it.each([
  ['does not answer', async (app: TestApplication) => place(app, null)],
  [
    'does not run',
    async (app: TestApplication) => {
      const bot = await place(app, 400);
      await app.world.setProgram(INSTANCE, 'STOPPED');
      return bot;
    },
  ],
])('a bot that %s: the stored value, a warning, and a row that says so', async (why, given) => {
  const app = await startTestApplication();
  const bot = await given(app);
  const reply = await deleteBot(app, bot);
  expect(reply.body.wallet).toMatchObject({ returned: 1000, pnl: 0 });
  const { body } = await app.call(UID, 'GET', `/jobs/${reply.body.jobId}`);
  expect(body).toMatchObject({ state: 'completed', warnings: [{ code: 'value-not-live' }] });
  const user = await readUser(app.db, bot.userId);
  expect(user.walletTransactions.at(-1)).toMatchObject({ amount: 1000, valueSource: 'stored' });
  const [settled] = user.ledgerState.settled;
  expect(settled).toMatchObject({ valueSource: 'stored', notLive: `it ${why}` });
});

it('BOT_VALUE=stored: nothing is asked, the stored value is paid, and nobody is warned', async () => {
  const app = await startTestApplication({ env: { BOT_VALUE: 'stored' } });
  const bot = await place(app, 400);
  const reply = await deleteBot(app, bot);
  expect(reply.body).toMatchObject({ success: true, wallet: { returned: 1000, pnl: 0 } });
  expect(reply.body.warnings).toBeUndefined();
  const user = await readUser(app.db, bot.userId);
  expect(user.walletTransactions.at(-1)).not.toHaveProperty('valueSource');
});

it('a bot that is compensated: its lock goes with the value in it', async () => {
  const app = await startTestApplication({
    env: { ON_STOP_FAILURE: 'restore', STOP_TIMEOUT_MS: '500' },
  });
  const bot = await place(app, 400);
  const before = (await readUser(app.db, bot.userId)).botAllocations;
  await app.world.injectFaults({ instanceId: INSTANCE }, { refuseStop: true });
  const reply = await deleteBot(app, bot);
  expect(reply.body).toMatchObject({ success: false, state: 'compensated', wallet: null });
  const user = await readUser(app.db, bot.userId);
  expect(user.botAllocations).toEqual(before);
});

it('what a sync pays for an orphan stays the stored value', async () => {
  const app = await startTestApplication({ env: { SYNC_YOUNG_SECONDS: '0' } });
  const platform = createPlatform(app);
  await platform.place({ uid: 'uid-other' });
  const { userId, instanceId } = await platform.place({ allocated: 1000, live: 900, balance: 500 });
  await platform.remove(instanceId);
  const reply = await app.call(UID, 'POST', '/sync-wallet', { prefer: 'wait=60' });
  expect(reply.body.data).toMatchObject({ totalReturned: 1000 });
  const user = await readUser(app.db, userId);
  expect(user.walletTransactions.at(-1)).not.toHaveProperty('valueSource');
});
