// The whole path of a person through the page: signed in by Firebase's own SDK in a real browser, against Firebase's own
// emulator; and how long they stay signed in.

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { describeBrowser, openPage, type Page } from '../support/browser.ts';
import { type AuthEmulator, PASSWORD, startAuthEmulator } from './auth-emulator.ts';
import { startFirebaseServer } from './firebase-server.ts';

const USER = 'uid-live';
const EMAIL = 'live@example.com';
const SESSION = '**/api/freqtrade/session';

let emulator: AuthEmulator;

beforeAll(async () => {
  emulator = await startAuthEmulator(inject('firebaseCommand'));
  await emulator.create(USER, EMAIL);
}, 120_000);

afterAll(() => emulator?.stop(), 60_000);

async function openSignIn(): Promise<Page> {
  const url = await startFirebaseServer(emulator, { FIREBASE_WEB_API_KEY: 'any' });
  const page = await openPage({ url }, { mayAsk: [`http://${emulator.host}`] });
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  return page;
}

async function signIn(page: Page, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail').fill(EMAIL);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const balanceOn = (page: Page) => page.getByTestId('balance').textContent();

/** Each renewal of the session from now on. */
function countOpened(page: Page): readonly string[] {
  const opened: string[] = [];
  page.on('request', (request) => {
    const isSession = request.url().endsWith('/api/freqtrade/session');
    if (isSession && request.method() === 'POST') opened.push(request.url());
  });
  return opened;
}

describeBrowser('a user with an account at Firebase', () => {
  it('signs in with e-mail and password, sees their portfolio, and deletes a bot', async () => {
    const page = await openSignIn();
    await signIn(page);
    await expect.poll(() => balanceOn(page)).toBe('$500.25');
    await page.getByRole('button', { name: 'Delete Alpha' }).click();
    await page.getByRole('button', { name: 'Delete the bot' }).click();
    await page.getByText('$262.50 came back; your balance is $762.75').waitFor();
    await expect.poll(() => balanceOn(page)).toBe('$762.75');
  });

  it('with a wrong password, then the right one: told in a sentence, then signed in', async () => {
    const page = await openSignIn();
    await signIn(page, 'not the password');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect((await alert.textContent())?.trim()).toBe('The e-mail or the password is wrong.');
    await signIn(page);
    await expect.poll(() => balanceOn(page)).toBe('$500.25');
  });

  it('Firebase does not answer: told so, and not that the password is wrong', async () => {
    const page = await openSignIn();
    await page.route(`http://${emulator.host}/**`, (route) => route.abort());
    await signIn(page);
    await page.getByRole('alert').getByText('does not answer').waitFor();
    expect(await page.getByText('Firebase: Error').count()).toBe(0);
  });
});

describeBrowser('a session of a user with an account at Firebase', () => {
  it('signed out on purpose: nobody is signed in again by a reload or another tab', async () => {
    const page = await openSignIn();
    await signIn(page);
    await page.getByTestId('balance').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    const form = page.getByRole('heading', { name: 'Sign in' });
    await form.waitFor();
    expect(await page.context().cookies()).toEqual([]);
    const opened = countOpened(page);
    await page.reload();
    await page.getByLabel('E-mail').waitFor();
    expect(await storedUsers(page)).toBe(0);
    const tab = await page.context().newPage();
    await tab.goto(page.url());
    await tab.getByLabel('E-mail').waitFor();
    expect(opened).toEqual([]);
    await signIn(page);
    await page.getByTestId('balance').waitFor();
  });

  it('that is about to end: renewed by a fresh token, and nobody sees it', async () => {
    const page = await openSignIn();
    let answers = 0;
    await page.route(SESSION, async (route) => {
      const response = await route.fetch();
      const session = await response.json();
      const soon = new Date(Date.now() + 8_000).toISOString();
      answers += 1;
      await route.fulfill({
        response,
        json: { ...session, ...(answers === 1 && { expiresAt: soon }) },
      });
    });
    await signIn(page);
    await page.getByTestId('balance').waitFor();
    await expect.poll(() => answers).toBe(2);
    expect(await balanceOn(page)).toBe('$500.25');
    expect(await page.getByRole('heading', { name: 'Your session has ended' }).count()).toBe(0);
  });

  it('that the server does not know any more: renewed, and what it refused is asked again', async () => {
    const page = await openSignIn();
    await signIn(page);
    await page.getByTestId('balance').waitFor();
    const opened = countOpened(page);
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Sync Wallet' }).click();
    await page.getByText('Your wallet is in sync with your bots').waitFor();
    expect(opened).toHaveLength(1);
    await page.context().clearCookies();
    await page.reload();
    await expect.poll(() => balanceOn(page)).toBe('$500.25');
  });

  it('whose account was disabled meanwhile: ended, and the form says why', async () => {
    const page = await openSignIn();
    await signIn(page);
    await page.getByTestId('balance').waitFor();
    await emulator.update(USER, { disableUser: true });
    try {
      await page.context().clearCookies();
      await page.getByRole('button', { name: 'Sync Wallet' }).click();
      await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
      expect(await page.getByText('$500.25').count()).toBe(0);
      await signIn(page);
      await page.getByText('This account has been disabled.').waitFor();
    } finally {
      await emulator.update(USER, { disableUser: false });
    }
  });
});

/** How many people Firebase's SDK remembers in this browser. */
function storedUsers(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { indexedDB } = Object(globalThis);
    const settled = (request: {
      onsuccess: unknown;
      onerror: unknown;
      // biome-ignore lint/suspicious/noExplicitAny: what a browser's database holds.
      result: any;
      error: unknown;
    }) =>
      new Promise<typeof request.result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await settled(indexedDB.open('firebaseLocalStorageDb'));
    const store = database.transaction('firebaseLocalStorage').objectStore('firebaseLocalStorage');
    const rows: { fbase_key: string }[] = await settled(store.getAll());
    return rows.filter(({ fbase_key }) => fbase_key.startsWith('firebase:authUser')).length;
  });
}
