// The history of a user from before this program: rows that no audit has taken into the ledger yet.

import { type Document, ObjectId } from 'mongodb';
import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { describeBrowser, openPage } from '../support/browser.ts';
import { platformDeposits, platformSets, putUser } from '../support/users.ts';

const UID = 'uid-old';
const DAY_MS = 24 * 3_600_000;
const FIRST = Date.parse('2024-01-01T12:00:00Z');
const ROWS = 300;

function oldRows(count: number): Document[] {
  return Array.from({ length: count }, (_, n) => ({
    ...(n % 2 === 0 ? { _id: new ObjectId() } : {}),
    type: 'profit',
    amount: 1,
    botId: `${UID}-bot-${n % 3}`,
    botName: n % 3 === 0 ? '' : `Momentum ${n % 3}`,
    description: 'Trade closed',
    balanceAfter: 10,
    timestamp: new Date(FIRST + n * DAY_MS),
  }));
}

async function allPages(app: TestApplication, limit = 70) {
  const found: { opId: string; at: string; description: string }[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { status, body } = await app.call(
      UID,
      'GET',
      `/wallet/transactions?limit=${limit}${after}`,
    );
    expect(status).toBe(200);
    found.push(...body.transactions);
    cursor = body.nextCursor;
  }
  return found;
}

it('300 rows that no audit has seen, read by four at once: there at the first read, each once, the newest first', async () => {
  const app = await startTestApplication();
  await putUser(app.db, { balance: 10, bots: {}, firebaseUid: UID, rows: oldRows(ROWS) });
  const [found = [], ...others] = await Promise.all([70, 70, 70, 70].map((n) => allPages(app, n)));
  for (const other of others) expect(other).toEqual(found);
  expect(new Set(found.map(({ opId }) => opId)).size).toBe(ROWS);
  expect(found).toHaveLength(ROWS);
  const moments = found.map(({ at }) => at);
  expect(moments).toEqual([...moments].sort().reverse());
  // A second read, and what any audit takes in, come to the same.
  await app.services.audits.auditAll({ signal: new AbortController().signal });
  expect(await allPages(app)).toEqual(found);
});

it('rows since our first write: there at once, also where the balance does not add up', async () => {
  const app = await startTestApplication();
  const userId = await putUser(app.db, {
    ...{ balance: 100, firebaseUid: UID, rows: oldRows(3) },
    bots: { [`${UID}-bot-9`]: { allocatedAmount: 5, currentValue: 5, botName: 'Nine' } },
  });
  await app.call(UID, 'DELETE', `/bots/${UID}-bot-9`, { prefer: 'wait=20' });
  await expect.poll(async () => (await allPages(app)).length).toBe(4);
  await platformDeposits(app.db, userId, 25, { description: 'paid in' });
  // A change that no row explains: an audit may say so, and no row is held back for it.
  await platformSets(app.db, userId, { 'paperWallet.balance': 7_000 });
  await platformDeposits(app.db, userId, 3, { description: 'paid in again' });
  const [newest, before, ...older] = await allPages(app, 2);
  expect([newest?.description, before?.description]).toEqual(['paid in again', 'paid in']);
  expect(older).toHaveLength(4);
});

describeBrowser('the transactions of old', () => {
  it('are shown with their year and the name of their bot', async () => {
    const app = await startTestApplication();
    const user = { balance: 10, bots: {}, firebaseUid: UID };
    await putUser(app.db, { ...user, rows: oldRows(ROWS) });
    const page = await openPage(app, { token: await app.token(UID) });
    const rows = page.locator('section[aria-labelledby="transactions-title"] tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(20);
    expect(await page.getByText('Nothing has moved yet').count()).toBe(0);
    // The newest: number 299, of bot 2, on 26 October 2024; before it one of bot 1, and one without a name.
    expect(await rows.nth(0).textContent()).toMatch(/26 Oct 2024.*Momentum 2/s);
    expect(await rows.nth(1).textContent()).toMatch(/25 Oct 2024.*Momentum 1/s);
    expect(await rows.nth(2).textContent()).toMatch(/24 Oct 2024.*uid-old-bot-0/s);
  });
});
