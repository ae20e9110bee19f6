// A deletion that stands still on a number that is not money: the bot would go on trading. An operator may stop it, and
// nothing else changes.

import { describe, expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { problemOf, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  allOf,
  injectFaults,
  jobIn,
  type PlacedBot,
  placeBot,
  readPoolState,
  stuckDelete,
  userNamed,
} from '../support/deletions.ts';
import { platformSets } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const STOP = { choice: 'stop-bot', reason: 'it trades with a number that is no money' };

const retry = (app: TestApplication, id: string, body: object = STOP) =>
  asAdmin(app, 'POST', `/admin/sagas/${id}/retry`, body, 'ann');

const cancel = (app: TestApplication, bot: PlacedBot, id: string) =>
  app.call(bot.uid, 'POST', `/jobs/${id}/cancel`);

/** The wallet and the pool state as they are, without what the database keeps for itself. */
const moneyOf = async (app: TestApplication, { uid }: PlacedBot) => {
  const { paperWallet, botAllocations, walletTransactions } = await userNamed(app, uid);
  return { paperWallet, botAllocations, walletTransactions, pools: await readPoolState(app) };
};

async function isUp(app: TestApplication): Promise<boolean> {
  const { dedicated, pooled } = await app.world.snapshot();
  return (
    dedicated.some(({ running }) => running) || pooled.some(({ program }) => program === 'RUNNING')
  );
}

const NUMBERS = [
  ['a balance of -3.21', 'dedicated', () => ({ 'paperWallet.balance': -3.21 })],
  [
    'a current value of -4.2',
    'pooled',
    ({ instanceId }: PlacedBot) => ({ [`botAllocations.${instanceId}.currentValue`]: -4.2 }),
  ],
] as const;

describe.each(NUMBERS)('%s, a %s bot', (_, kind, wrong) => {
  async function stuck() {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '1500' } });
    const bot = await placeBot(app, kind);
    await platformSets(app.db, bot.userId, wrong(bot));
    const before = await moneyOf(app, bot);
    const id = await acceptDelete(app, bot);
    await jobIn(app, bot.uid, id, 'stuck');
    return { app, bot, before, id };
  }

  const stoppedJob = (app: TestApplication, bot: PlacedBot, id: string) =>
    waitFor('the job to say that the bot is stopped', async () => {
      const { body } = await app.call(bot.uid, 'GET', `/jobs/${id}`);
      return body.state === 'stuck' && body.error.code === 'NOT_MONEY_BOT_STOPPED' && body;
    });

  it('stuck before anything is touched; an operator stops the bot, and no number moves', async () => {
    const { app, bot, before, id } = await stuck();
    expect(await isUp(app)).toBe(true);
    const plan = await asAdmin(app, 'GET', `/admin/sagas/${id}/plan`);
    const [planned] = plan.body.verbs;
    expect(planned).toMatchObject({ verb: 'retry', allowed: true, choices: ['stop-bot'] });

    expect((await retry(app, id)).status).toBe(200);
    const job = await stoppedJob(app, bot, id);

    expect(job.error).toMatchObject({ step: 'lock-allocation', class: 'hold' });
    expect(job.error.message).toMatch(/is not an amount of money: -[34].*its bot is stopped/);
    expect(await isUp(app)).toBe(false);
    expect(await moneyOf(app, bot)).toEqual(before);
    expect(await allOf(app, 'ledger')).toEqual([]);
    const detail = await asAdmin(app, 'GET', `/admin/sagas/${id}`);
    const ordered = detail.body.history.find(
      ({ type }: { type: string }) => type === 'retry-ordered',
    );
    expect(ordered.detail).toMatch(/^by admin:ann: stop-bot: it trades/);
  });

  it('stopped so, and its owner cancels: it runs again, as before', async () => {
    const { app, bot, before, id } = await stuck();
    await retry(app, id);
    await stoppedJob(app, bot, id);
    expect((await cancel(app, bot, id)).status).toBe(202);
    await jobIn(app, bot.uid, id, 'compensated');
    expect(await isUp(app)).toBe(true);
    expect(await moneyOf(app, bot)).toEqual(before);
  });

  it('the number is put right, and it is sent on: paid once', async () => {
    const { app, bot, id } = await stuck();
    await retry(app, id);
    await stoppedJob(app, bot, id);
    const value = `botAllocations.${bot.instanceId}.currentValue`;
    await platformSets(app.db, bot.userId, { 'paperWallet.balance': 50, [value]: 110 });
    await retry(app, id, { reason: 'the number was put right' });
    await jobIn(app, bot.uid, id, 'completed');
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
  });

  it('a bot that cannot be stopped: stuck again, and it does not say that it is stopped', async () => {
    const { app, bot, before, id } = await stuck();
    await injectFaults(app, bot, { refuseStop: true });
    await retry(app, id);
    const job = await waitFor('the job to say that it runs', async () => {
      const { body } = await app.call(bot.uid, 'GET', `/jobs/${id}`);
      return body.state === 'stuck' && body.error.code === 'NOT_MONEY_BOT_RUNNING' && body;
    });
    expect(job.error.message).not.toContain('is stopped');
    expect(await moneyOf(app, bot)).toEqual(before);
  });
});

it('the choice where a deletion stands on anything else: refused, nothing changes', async () => {
  const env = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '500' };
  const app = await startTestApplication({ env });
  const bot = await placeBot(app, 'dedicated');
  const id = await stuckDelete(app, bot);
  const refused = await retry(app, id);
  expect(problemOf(refused)).toBe('409 verb-refused');
  const unknown = await retry(app, id, { ...STOP, choice: 'pay-anyway' });
  expect(unknown.status).toBe(400);
});
