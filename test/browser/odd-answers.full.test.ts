// Pages that are told something odd, or nothing: what the platform has damaged, a browser that keeps nothing, a clock
// that is wrong, an answer that was lost. None of it may end the page, or make it say what is not so (I9).

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { describeBrowser, openPage, type Page } from '../support/browser.ts';
import { placeBot, startWithFixtures } from '../support/deletions.ts';
import { allocation, putUser, users } from '../support/users.ts';

const API = '**/api/freqtrade';

async function pageOf(bots: Readonly<Record<string, object>>, wallet: object = {}) {
  const app = await startTestApplication();
  const firebaseUid = 'uid-odd';
  await putUser(app.db, { balance: 10, bots, firebaseUid });
  const set = Object.fromEntries(
    Object.entries(wallet).map(([field, value]) => [`paperWallet.${field}`, value]),
  );
  if (Object.keys(set).length > 0) {
    await users(app.db).updateOne({ firebaseUid }, { $set: set });
  }
  return { app, page: await openPage(app, { token: await app.token(firebaseUid) }) };
}

/** The next load of the page finds the browser like that. */
async function reloadWith(page: Page, script: () => void) {
  await page.addInitScript(script);
  await page.reload();
}

describeBrowser('a page that is told something odd', () => {
  it.each(['US Dollar', '', 'x'])(
    'a currency that is none (%o): the amounts are shown all the same',
    async (currency) => {
      const { page } = await pageOf({ 'uid-odd-bot-1': allocation(5, 7) }, { currency });
      await expect
        .poll(() => page.getByTestId('balance').textContent())
        .toBe(`10.00 ${currency}`.trim());
      await page.locator('[data-bot="uid-odd-bot-1"]').waitFor();
    },
  );

  it('another currency than dollars: nothing is said in dollars', async () => {
    const { page } = await pageOf({ 'uid-odd-bot-1': allocation(5, 7) }, { currency: 'EUR' });
    await page.getByTestId('orphans').getByText('€7.00').waitFor();
    await page.getByRole('button', { name: 'Sync Wallet', exact: true }).first().click();
    await page.getByTestId('sync-report').getByText('€17.00').waitFor();
    expect(await page.getByTestId('sync-report').textContent()).not.toContain('$');
  });

  it('a value that is no number: no sum is promised before a deletion', async () => {
    const { page } = await pageOf({ 'uid-odd-bot-1': { ...allocation(5, 7), currentValue: '7' } });
    await page.getByRole('button', { name: /^Delete / }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('cannot be paid').waitFor();
    expect(await dialog.textContent()).not.toContain('$');
  });

  it('a browser that keeps nothing: the page is there', async () => {
    const { page } = await pageOf({});
    await page.getByTestId('balance').waitFor();
    await reloadWith(page, () => {
      Object.defineProperty(globalThis, 'localStorage', {
        get: () => {
          throw new DOMException('not here', 'SecurityError');
        },
      });
    });
    await page.getByTestId('balance').waitFor();
    await page.getByLabel('Check for orphaned money').uncheck();
  });

  it('a clock half a day ahead: still signed in', async () => {
    const { page } = await pageOf({});
    await page.getByTestId('balance').waitFor();
    await reloadWith(page, () => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 13 * 3_600_000;
    });
    await page.getByTestId('balance').waitFor();
    await page.getByText(/^Last checked/).waitFor();
    expect(await page.getByRole('heading', { name: 'Your session has ended' }).count()).toBe(0);
  });

  it('the answer to Sync Wallet is lost: not said that nothing was changed', async () => {
    const app = await startWithFixtures();
    const page = await openPage(app, { token: await app.token('anshjarvis2003') });
    await page.getByTestId('orphans').waitFor();
    await page.route(`${API}/sync-wallet`, async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Sync Wallet', exact: true }).first().click();
    const report = page.getByTestId('sync-report');
    await report.getByText('Whether it has begun is not known').waitFor();
    expect(await report.textContent()).not.toContain('Nothing was changed');
  });

  it('the history is read again while an older page of it is on its way: the newest rows stay', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const page = await openPage(app);
    const row = (opId: string) => ({
      ...{ opId, type: 'deposit', amount: 1, amountMinor: 100, currency: 'USD', botId: '' },
      ...{ botName: '', description: `row ${opId}`, balanceAfter: 1, jobId: null, source: '' },
      ...{ standing: 'counted', at: new Date().toISOString() },
    });
    const told = { first: [row('one')] };
    await page.route(`${API}/wallet/transactions*`, async (route) => {
      const isOlder = route.request().url().includes('cursor=');
      if (isOlder) {
        asked.resolve();
        await held.promise;
      }
      const transactions = isOlder ? [row('old')] : told.first;
      await route.fulfill({ json: { transactions, nextCursor: isOlder ? null : 'next' } });
    });
    await page.getByLabel('Token').fill(await app.token(bot.uid));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Row one').waitFor();
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await asked.promise;
    told.first = [row('two'), row('one')];
    await page.getByRole('button', { name: 'Sync Wallet', exact: true }).first().click();
    await page.getByText('Row two').waitFor();
    const answered = page.waitForResponse((response) => response.url().includes('cursor='));
    held.resolve();
    await (await answered).finished();
    await page.getByRole('button', { name: 'Show older ones' }).waitFor();
    expect(await page.getByText('Row two').count()).toBe(1);
  });

  it('money moves while two pages of the history are shown: both are read again', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const rows = Array.from({ length: 30 }, (_, n) => ({
      ...{ opId: `op-${n}`, type: 'deposit', amount: 1, amountMinor: 100, currency: 'USD' },
      ...{ botId: '', botName: '', description: `row ${n}.`, balanceAfter: 1, jobId: null },
      ...{ source: '', standing: 'counted', at: new Date().toISOString() },
    }));
    const page = await openPage(app);
    await page.route(`${API}/wallet/transactions*`, async (route) => {
      const query = new URL(route.request().url()).searchParams;
      const from = Number(query.get('cursor') ?? 0);
      const to = from + Number(query.get('limit'));
      const nextCursor = to < rows.length ? String(to) : null;
      await route.fulfill({ json: { transactions: rows.slice(from, to), nextCursor } });
    });
    await page.getByLabel('Token').fill(await app.token(bot.uid));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await page.getByText('Row 29.').waitFor();
    rows.unshift({ ...rows[0], opId: 'new', description: 'row of now.' } as (typeof rows)[number]);
    await page.getByRole('button', { name: 'Sync Wallet', exact: true }).first().click();
    await page.getByText('Row of now.').waitFor();
    expect(await page.getByText('Row 28.').count()).toBe(1);
  });
});

describeBrowser('signing out', () => {
  it('the server cannot take the cookie back: not said that the user is signed out', async () => {
    const { page } = await pageOf({});
    await page.getByTestId('balance').waitFor();
    await page.route(`${API}/session`, (route) => route.abort());
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are still signed in.').waitFor();
    await page.unroute(`${API}/session`);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it.each(['in the page where it was signed in', 'after the page was loaded again'])(
    'with Firebase, %s: nobody is signed in again unasked',
    async (where) => {
      const app = await startTestApplication();
      const { uid } = await placeBot(app, 'dedicated');
      const page = await openPage(app);
      const settings = { apiKey: 'k', projectId: 'p', emulator: null };
      await page.route(`${API}/sign-in`, (route) =>
        route.fulfill({ json: { kind: 'firebase', ...settings } }),
      );
      const contentType = 'text/javascript';
      await page.route('**/vendor/@firebase/app/**', (route) =>
        route.fulfill({ contentType, body: 'export const initializeApp = () => ({});' }),
      );
      await page.route('**/vendor/@firebase/auth/**', async (route) =>
        route.fulfill({ contentType, body: rememberingSdk(await app.token(uid)) }),
      );
      await page.reload();
      await page.getByLabel('E-mail').fill('somebody@example.com');
      await page.getByLabel('Password').fill('a password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByTestId('balance').waitFor();
      if (where.startsWith('after')) {
        await page.reload();
        await page.getByTestId('balance').waitFor();
      }
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('E-mail').waitFor();
      await expect
        .poll(() => page.evaluate(() => Object(globalThis).localStorage.getItem('sdk-user')))
        .toBeNull();
      await page.reload();
      await page.getByLabel('E-mail').waitFor();
      expect(await page.getByTestId('balance').count()).toBe(0);
    },
  );
});

/** As much of the SDK as the page uses: it remembers its user over loads, as Firebase's own does. */
function rememberingSdk(token: string): string {
  return `
    const user = () => localStorage.getItem('sdk-user') === null ? null : { getIdToken: async () => '${token}' };
    const auth = { authStateReady: async () => {}, get currentUser() { return user(); } };
    export const [indexedDBLocalPersistence, browserLocalPersistence] = [{}, {}];
    export const initializeAuth = () => auth;
    export const connectAuthEmulator = () => {};
    export const signInWithEmailAndPassword = async () => {
      localStorage.setItem('sdk-user', 'x');
      return { user: user() };
    };
    export const signOut = async () => localStorage.removeItem('sdk-user');
  `;
}
