// Who may see what on the pages, and until when.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { describeBrowser, openPage } from '../support/browser.ts';
import { acceptDelete, placeBot } from '../support/deletions.ts';
import { putUser } from '../support/users.ts';

describeBrowser('signing in', () => {
  it('with a token: the page, and the token is nowhere that a script could read it', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const token = await app.token(uid);
    const page = await openPage(app);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.getByTestId('balance').textContent()).toBe('$50.00');
    const readable = await page.evaluate(() => {
      const { document, localStorage, sessionStorage } = Object(globalThis);
      return JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]);
    });
    expect(readable).not.toContain(token.slice(-20));
    expect(readable).not.toContain('reclaim_session');
  });

  it('with a token that nobody vouches for: told so, and still signed out', async () => {
    const page = await openPage(await startTestApplication());
    await page.getByLabel('Token').fill(`no.token.${randomUUID()}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The token is invalid.').waitFor();
    expect(await page.getByTestId('balance').count()).toBe(0);
  });
});

describeBrowser('a browser that is signed out', () => {
  it.each(['/admin/queues', '/no/such/page', '/api/freqtrade/wallet', '/assets/none.js'])(
    'at %s: a page in words, with a way on, and no JSON',
    async (path) => {
      const page = await openPage(await startTestApplication(), { path });
      await page.getByRole('heading').waitFor();
      const text = await page.locator('body').textContent();
      expect(text).not.toMatch(/urn:reclaim|[{}]/);
      const isAboutSignIn = path === '/admin/queues' || path.startsWith('/api/');
      await page
        .getByRole('link', { name: isAboutSignIn ? 'Sign in' : 'Portfolio', exact: true })
        .click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    },
  );
});

describeBrowser('a second visit', () => {
  it('asks the server for the page and its data: every file is the browser’s own', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(uid) });
    await page.getByTestId('balance').waitFor();
    const visit = async () => {
      await page.goto('about:blank');
      await page.goto(`${app.url}/`);
      await page.getByTestId('balance').waitFor();
      return (await page.evaluate(LOADED)).filter(({ url }) => OWN_FILE.test(url));
    };
    expect((await visit()).length).toBeGreaterThan(30);
    // The browser puts what it has loaded into its store by and by.
    const overTheWire = async () => (await visit()).filter(({ bytes }) => bytes > 0);
    await expect.poll(overTheWire, { timeout: 20_000 }).toEqual([]);
  });
});

/** What a page has loaded, and how much of it came over the wire: nothing from the browser's own store. */
const LOADED = (): { url: string; bytes: number }[] =>
  Object(globalThis)
    .performance.getEntriesByType('resource')
    .map(({ name, transferSize }: { name: string; transferSize: number }) => ({
      url: name,
      bytes: transferSize,
    }));

const OWN_FILE = /\/(assets|vendor)\//;

describeBrowser('a session', () => {
  it('that ends while the page is open: nothing of its user is left, and who signs in again goes on', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(uid) });
    await page.clock.install();
    await page.reload();
    await page.getByTestId('balance').waitFor();
    await page.clock.fastForward('13:00:00');
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.clock.setSystemTime(new Date());
    expect(await page.getByText('$50.00').count()).toBe(0);
    await page.getByLabel('Token').fill(await app.token(uid));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.getByTestId('balance').textContent()).toBe('$50.00');
  });

  it('that ended before a click on "Delete the bot": nothing was started, and that is said', async () => {
    const app = await startTestApplication();
    const { uid, instanceId } = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(uid) });
    await page.getByRole('button', { name: 'Delete Bot 1' }).click();
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Delete the bot' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.getByText('Nothing was started by your last click').waitFor();
    expect(await page.getByText('continue without you').count()).toBe(0);
    expect(await app.db.collection('sagas').countDocuments({ kind: 'delete-bot' })).toBe(0);
    await page.getByLabel('Token').fill(await app.token(uid));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator(`[data-bot="${instanceId}"]`).waitFor();
  });

  it('that ended while nothing was clicked: nothing is said of a click', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(uid) });
    await page.getByTestId('balance').waitFor();
    await page.context().clearCookies();
    await page.evaluate(() => Object(globalThis).dispatchEvent(new Event('online')));
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.getByText('Accepted jobs continue without you').waitFor();
    expect(await page.getByText('your last click').count()).toBe(0);
  });

  it('signed out: the cookie is gone, for the page, the API and the event streams', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(uid) });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect(await statusOf(page, '/wallet')).toBe(401);
  });

  it('signed out without a network: told that it goes on, and over once the server hears of it', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(uid) });
    await page.getByTestId('balance').waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Sign out' }).click();
    const alert = page.getByRole('alert').filter({ hasText: 'You are still signed in.' });
    await alert.waitFor();
    await page.context().setOffline(false);
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
  });

  it('of another user begun in another tab: nothing of theirs is shown or ordered under the first one’s name', async () => {
    const app = await startTestApplication();
    const { uid } = await placeBot(app, 'pooled');
    const subject = await putUser(app.db, { firebaseUid: 'uid-other', balance: 777, bots: {} });
    const page = await openPage(app, { token: await app.token(uid) });
    await page.getByTestId('balance').waitFor();
    const headers = { authorization: `Bearer ${await app.token('uid-other')}` };
    await page.context().request.post(`${app.url}/api/freqtrade/session`, { headers });
    await page.getByRole('button', { name: 'Sync Wallet' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.getByText('Nothing was started by your last click').waitFor();
    expect(await app.db.collection('sagas').countDocuments({ subject })).toBe(0);
    await page.reload();
    await expect.poll(() => page.getByTestId('balance').textContent()).toBe('$777.00');
  });

  it("of one user: another's bots, jobs and streams are as absent as if there were none", async () => {
    const app = await startTestApplication({ env: { WORKERS: 'none' } });
    const other = await placeBot(app, 'dedicated', { uid: 'uid-other' });
    const jobId = await acceptDelete(app, other);
    const { uid } = await placeBot(app, 'dedicated');
    const page = await openPage(app, { token: await app.token(uid) });
    await expect.poll(() => page.locator('[data-bot]').count()).toBe(1);
    expect(await page.getByText('uid-other').count()).toBe(0);
    expect(await statusOf(page, `/jobs/${jobId}`)).toBe(404);
    expect(await statusOf(page, `/jobs/${jobId}/events`)).toBe(404);
    expect(await statusOf(page, `/bots/${other.instanceId}`, 'DELETE')).toBe(404);
    expect(await statusOf(page, '/admin/sagas')).toBe(403);
  });
});

/** What the API answers this page, with the cookie of its session. */
function statusOf(page: Awaited<ReturnType<typeof openPage>>, path: string, method = 'GET') {
  const ask = async ([url, verb]: readonly [string, string]) =>
    (await fetch(url, { method: verb })).status;
  return page.evaluate(ask, [`/api/freqtrade${path}`, method] as const);
}
