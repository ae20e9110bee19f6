// A stale save of the platform takes a refund back: its deposit, computed from a copy that it read before our payment.
// I2, I11: an operator restores exactly what the ledger proves to be missing, once, however many click.

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { allOf, deleteBot, type PlacedBot, userNamed } from '../support/deletions.ts';
import { allocation, platformSets } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import { createPlatform, type Platform } from './stand-in/platform.ts';

const auditOf = async (app: TestApplication, { userId }: PlacedBot) =>
  (await asAdmin(app, 'GET', `/admin/audit?userId=${userId}`)).body.user;

/** The audit at the end of a job may see it first, before or after the refund. */
const findingOf = (app: TestApplication, bot: PlacedBot) =>
  waitFor('the difference to be a finding', async () => {
    await auditOf(app, bot);
    const { body } = await asAdmin(app, 'GET', '/admin/findings?kind=unrecorded-change');
    return body.findings[0];
  });

const resolve = (app: TestApplication, id: string, action: string, name = 'ann') =>
  asAdmin(app, 'POST', `/admin/findings/${id}/resolve`, { action, reason: 'looked' }, name);

/** Our refund of 110 to a balance of 50, and the platform's deposit of 7 to the copy that it read before. */
async function takeBack(app: TestApplication, copied = 50) {
  const platform = createPlatform(app);
  const bot = await platform.place();
  const copy = await platform.read(bot.uid);
  expect((await deleteBot(app, bot)).body.wallet).toMatchObject({ newBalance: 160 });
  copy.paperWallet.balance = copied;
  await platform.deposit(copy, 7);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(copied + 7);
  return { platform, bot };
}

it('the user schema has optimisticConcurrency: the stale deposit is an error, read again it lands, nothing is lost', async () => {
  const app = await startTestApplication();
  const platform = createPlatform(app, { hasOptimisticConcurrency: true });
  const bot = await platform.place();
  const copy = await platform.read(bot.uid);
  await deleteBot(app, bot);
  await expect(platform.deposit(copy, 7)).rejects.toThrow(/No matching document.*version/);
  await platform.deposit(await platform.read(bot.uid), 7);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(167);
  expect(await auditOf(app, bot)).toMatchObject({ status: 'conserved' });
});

it('deposits beside six deletions, read again after every such error: not a cent is lost', async () => {
  const app = await startTestApplication();
  const platform = createPlatform(app, { hasOptimisticConcurrency: true });
  const bots: PlacedBot[] = [];
  for (let n = 0; n < 6; n += 1) bots.push(await platform.place({ balance: 550 }));
  let isOver = false;
  let deposited = 0;
  const depositing = (async () => {
    while (!isOver) {
      const copy = await platform.read('uid-one');
      const isSaved = await platform.deposit(copy, 1).then(
        () => true,
        () => false,
      );
      if (isSaved) deposited += 1;
    }
  })();
  const replies = await Promise.all(bots.map((bot) => deleteBot(app, bot)));
  isOver = true;
  await depositing;
  expect(replies.map(({ body }) => body.wallet.returned)).toEqual(bots.map(() => 110));
  expect((await userNamed(app, 'uid-one')).paperWallet.balance).toBe(50 + 660 + deposited);
});

it('one refund of 110 taken back: offered, restored once by five clicks, and the books are whole', async () => {
  const app = await startTestApplication();
  const { bot } = await takeBack(app);
  const finding = await findingOf(app, bot);
  const [settled] = (await allOf(app, 'ledger')).filter(({ opId }) => opId.startsWith('settle.'));
  expect(finding.evidence).toMatchObject({ difference: '-110', undone: [settled?.opId] });

  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => resolve(app, finding.id, 'restore', `admin-${n}`)),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409]);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(167);
  const restored = (await allOf(app, 'ledger')).filter(({ opId }) => opId.startsWith('restore.'));
  expect(restored).toHaveLength(1);
  expect(restored[0]).toMatchObject({ type: 'deposit', source: 'reclaim', botId: bot.instanceId });
  expect(await auditOf(app, bot)).toMatchObject({ status: 'conserved', chain: { sum: '110' } });
});

it('a bot of that refund has an allocation again, then not: refused, then restored', async () => {
  const app = await startTestApplication();
  const { bot } = await takeBack(app);
  const { id } = await findingOf(app, bot);
  const bots = { [bot.instanceId]: allocation(100, 110) };
  await platformSets(app.db, bot.userId, { botAllocations: bots });
  const refused = await resolve(app, id, 'restore');
  expect(refused.body).toMatchObject({ type: 'urn:reclaim:problem:not-undone' });
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(57);
  await platformSets(app.db, bot.userId, { botAllocations: {} });
  expect((await resolve(app, id, 'restore')).status).toBe(200);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(167);
});

it.each<[string, (platform: Platform, bot: PlacedBot, app: TestApplication) => Promise<unknown>]>([
  [
    'the platform',
    async (platform, { uid, instanceId }) =>
      platform.payBack(await platform.read(uid), instanceId, 110),
  ],
  ['a deletion of ours', (_, bot, app) => deleteBot(app, bot)],
])(
  'the allocation came back with the old copy, and %s has paid it since: nothing is restored',
  async (_, pays) => {
    const app = await startTestApplication();
    const { platform, bot } = await takeBack(app);
    const { id } = await findingOf(app, bot);
    const held = { ...allocation(100, 110), allocatedAt: new Date() };
    await platformSets(app.db, bot.userId, { botAllocations: { [bot.instanceId]: held } });
    await pays(platform, bot, app);
    const { botAllocations, paperWallet } = await userNamed(app, bot.uid);
    expect([botAllocations, paperWallet.balance]).toEqual([{}, 167]);
    const refused = await resolve(app, id, 'restore');
    expect(refused.body).toMatchObject({ type: 'urn:reclaim:problem:not-undone' });
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(167);
  },
);

it('a change that is no receipt of ours: nothing to restore, only to acknowledge', async () => {
  const app = await startTestApplication();
  const { bot } = await takeBack(app, 60);
  const finding = await findingOf(app, bot);
  expect(finding.evidence).not.toHaveProperty('undone');
  const refused = await resolve(app, finding.id, 'restore');
  expect(refused.body).toMatchObject({ allowed: ['acknowledge'] });
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(67);
});
