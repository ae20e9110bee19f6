// What a deletion pays: the bot's own word, asked before it is stopped; the stored value only where there is none, and
// then the row, the receipt and the job say so.

import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, type PlacedBot } from '../support/deletions.ts';
import { allocation, putUser, readUser } from '../support/users.ts';

const UID = 'uid-one';
const INSTANCE = `${UID}-bot-2`;

/** A bot of 1000 whose stored value nobody has touched since, beside a balance of 500. */
async function place(app: TestApplication, live?: number | null): Promise<PlacedBot> {
  const bots = { [INSTANCE]: allocation(1000, 1000) };
  const userId = await putUser(app.connection, { balance: 500, bots, firebaseUid: UID });
  await app.world.addDedicated({ instanceId: INSTANCE, labels: { userId: UID } });
  if (live !== undefined) await app.world.setLiveValue(INSTANCE, live);
  return { uid: UID, userId, instanceId: INSTANCE };
}

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
    const user = await readUser(app.connection, bot.userId);
    expect(user.paperWallet.balance).toBe(newBalance);
    expect(user.walletTransactions.at(-1)).toMatchObject({
      ...{ type: 'deallocate', amount: returned, pnl, description, balanceAfter: newBalance },
      valueSource: 'bot',
    });
    const entry = await app.connection.collection('ledger').findOne({ botId: INSTANCE });
    expect(entry).toMatchObject({ valueSource: 'bot', balanceAfter: newBalance });
  },
);

it('currentValue written while the bot stops: the bot’s own word is paid all the same', async () => {
  const app = await startTestApplication();
  const bot = await place(app, 400);
  await app.world.misbehave({ instanceId: INSTANCE }, { hang: 1 });
  const job = deleteBot(app, bot);
  await app.connection
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
      await app.connection
        .collection('simulatedBots')
        .updateOne({ instanceId: INSTANCE }, { $set: { running: false } });
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
  const user = await readUser(app.connection, bot.userId);
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
  const user = await readUser(app.connection, bot.userId);
  expect(user.walletTransactions.at(-1)).not.toHaveProperty('valueSource');
});

it('a bot that is compensated: its lock goes with the value in it', async () => {
  const app = await startTestApplication({
    env: { ON_STOP_FAILURE: 'restore', STOP_TIMEOUT_MS: '500' },
  });
  const bot = await place(app, 400);
  await app.world.misbehave({ instanceId: INSTANCE }, { refuseStop: true });
  const reply = await deleteBot(app, bot);
  expect(reply.body).toMatchObject({ success: false, state: 'compensated', wallet: null });
  const user = await readUser(app.connection, bot.userId);
  expect(user.botAllocations[INSTANCE]).toEqual(allocation(1000, 1000));
});

it('what a sync pays for an orphan stays the stored value', async () => {
  const app = await startTestApplication({
    env: { SYNC_YOUNG_SECONDS: '0' },
    poolState: { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '2026-10-02T09:30:00.000Z' },
  });
  await app.world.addDedicated({ instanceId: 'uid-other-bot-1' });
  const bots = { [INSTANCE]: allocation(1000, 900) };
  const userId = await putUser(app.connection, { balance: 500, bots, firebaseUid: UID });
  const reply = await app.call(UID, 'POST', '/sync-wallet', { prefer: 'wait=60' });
  expect(reply.body.data).toMatchObject({ totalReturned: 900 });
  const user = await readUser(app.connection, userId);
  expect(user.walletTransactions.at(-1)).not.toHaveProperty('valueSource');
});
