// A deletion on the page, when things go wrong: the container does not stop, the user changes their mind, the
// stream of events cannot be had, the page is closed and opened again.

import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { describeBrowser, openPage, type Page } from '../support/browser.ts';
import {
  acceptDelete,
  deleteThatCannotStop,
  injectFaults,
  type PlacedBot,
  placeBot,
  stuckDelete,
} from '../support/deletions.ts';
import { allocation, putUser } from '../support/users.ts';

async function openWith(app: TestApplication, bot: PlacedBot): Promise<Page> {
  return openPage(app, { token: await app.token(bot.uid) });
}

async function deleteOn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Delete Bot 1' }).click();
  await page.getByRole('button', { name: 'Delete the bot' }).click();
}

/** What the key set off has been done by then. */
const ONE_FRAME = () =>
  new Promise((done) => Object(globalThis).requestAnimationFrame(() => done(true)));

describeBrowser('a deletion on the page', () => {
  it('the bot refuses to stop: every attempt is seen, then the money, with a warning', async () => {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '6000' } });
    const bot = await placeBot(app, 'pooled');
    await injectFaults(app, bot, { refuseStop: true });
    const page = await openWith(app, bot);
    await deleteOn(page);
    const job = page.getByRole('article');
    const trying = job
      .filter({ hasText: /\d(nd|rd|th) attempt/ })
      .filter({ hasText: 'no way back from here' });
    await trying.and(page.locator('[data-state="running"]')).waitFor();

    await job.getByText('$110.00 came back; your balance is $160.00').waitFor();
    expect(await job.locator('.notice.warn').count()).toBeGreaterThan(0);
    expect(await job.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  });

  it('ordered, and its answer on its way: nothing on the dialog says that the bot is kept', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const page = await openWith(app, bot);
    const answered = Promise.withResolvers<void>();
    await page.route('**/bots/*', async (route) => {
      await answered.promise;
      await route.continue();
    });
    await deleteOn(page);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Deleting' }).waitFor();
    expect(await dialog.getByRole('button', { name: 'Keep it' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await page.waitForFunction(ONE_FRAME);
    expect(await dialog.isVisible()).toBe(true);
    answered.resolve();
    await page.getByRole('article').waitFor();
    expect(await dialog.count()).toBe(0);
  });

  it.each(['streamed', 'polled'])(
    'its job is forgotten while the page stays open, %s: said so, put away, and asked for no more',
    async (way) => {
      const env = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '700' };
      const app = await startTestApplication({ env });
      const bot = await placeBot(app, 'pooled');
      const jobId = await stuckDelete(app, bot);
      const page = await openWith(app, bot);
      if (way === 'polled')
        await page.route('**/events', (route) => route.fulfill({ status: 503 }));
      await page.reload();
      const job = page.getByRole('article');
      await job.and(page.locator('[data-state="stuck"]')).waitFor();
      await app.db.collection<{ _id: string }>('sagas').deleteOne({ _id: jobId });
      await job.getByText('does not know it any more').waitFor();
      await job.getByRole('button', { name: 'Close' }).click();
      await expect.poll(() => job.count()).toBe(0);
    },
  );

  it('cancelled while the bot is being stopped: undone, and the money stays in the bot', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    await injectFaults(app, bot, { refuseStop: true });
    const page = await openWith(app, bot);
    await deleteOn(page);
    const job = page.getByRole('article');
    await job.getByText('Stopping the bot').waitFor();
    await job.getByRole('button', { name: 'Cancel' }).click();
    await job.getByText('Undone: everything is as it was before').waitFor();
    expect(await page.getByTestId('balance').textContent()).toBe('$50.00');
    await page.locator('[data-bot]').getByText('Running').waitFor();
  });

  it('nobody watched it begin: who opens the page sees it go on, by the name of its bot', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    await deleteThatCannotStop(app, bot);
    const page = await openWith(app, bot);
    const job = page.getByRole('article');
    await job.getByRole('heading', { name: 'Deleting Bot 1' }).waitFor();
    await page.locator('[data-bot]').getByText('Being deleted').waitFor();
    expect(await page.getByRole('button', { name: 'Delete Bot 1' }).count()).toBe(0);
    await injectFaults(app, bot, null);
    await job.getByText('$110.00 came back').waitFor();
  });

  it('streams are refused: the page asks instead, and sees the end all the same', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const page = await openWith(app, bot);
    const refused: string[] = [];
    await page.route('**/events', (route) => {
      refused.push(route.request().url());
      return route.fulfill({ status: 503, headers: { 'retry-after': '5' } });
    });
    await deleteOn(page);
    await page.getByText('$110.00 came back').waitFor();
    expect(refused).toHaveLength(1);
  });

  it('more jobs than streams: two are streamed, all are seen to their end, and the page can still ask', async () => {
    // No limit ends a job before the page has shown all of them.
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '110000' } });
    const uid = 'uid-many';
    const ids = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `${uid}-bot-${n}`);
    const bots = Object.fromEntries(ids.map((id) => [id, allocation(10, 10, { botName: id })]));
    await putUser(app.db, { balance: 0, bots, firebaseUid: uid });
    for (const instanceId of ids) {
      await app.world.addDedicated({ instanceId, labels: { instanceId, userId: uid } });
      await injectFaults(app, { instanceId }, { refuseStop: true });
      await acceptDelete(app, { uid, instanceId });
    }
    let open = 0;
    let most = 0;
    const page = await openPage(app, { path: '/docs/' });
    const isStream = (request: { url(): string }) => request.url().endsWith('/events');
    page.on('request', (request) => {
      if (isStream(request)) most = Math.max(most, ++open);
    });
    const close = (request: { url(): string }) => {
      if (isStream(request)) open -= 1;
    };
    page.on('requestfinished', close);
    page.on('requestfailed', close);
    await page.goto(`${app.url}/`);
    await page.getByLabel('Token').fill(await app.token(uid));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => page.locator('article[data-state="running"]').count()).toBe(8);
    expect(most).toBe(2);
    for (const instanceId of ids) await injectFaults(app, { instanceId }, null);
    await expect.poll(() => page.locator('article[data-state="completed"]').count()).toBe(8);
    expect(most).toBe(2);
    await expect.poll(() => page.getByTestId('balance').textContent()).toBe('$80.00');
  });
});
