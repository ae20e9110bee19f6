// The portfolio in the states that are no accidents: nothing there yet, a source that does not answer, no network,
// and every one of them readable by everybody, in light and dark and on a phone.

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { accessibilityProblems, describeBrowser, openPage, overflow } from '../support/browser.ts';
import { placeBot, startWithFixtures } from '../support/deletions.ts';
import { putUser } from '../support/users.ts';

describeBrowser('the portfolio', () => {
  it('of a new user: says that there is nothing yet, and what to do', async () => {
    const app = await startTestApplication();
    await putUser(app.db, { balance: 10, bots: {}, firebaseUid: 'uid-new' });
    const page = await openPage(app, { token: await app.token('uid-new') });
    await page.getByText('You have no bots.').waitFor();
    await page.getByText('Nothing has moved yet.').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  it('bots are started on the platform alone: no button for one, and the reason', async () => {
    const app = await startTestApplication({ env: { PROVISION: 'off' } });
    await putUser(app.db, { balance: 10, bots: {}, firebaseUid: 'uid-new' });
    const page = await openPage(app, { token: await app.token('uid-new') });
    await page.getByText('New bots are started on the trading platform').waitFor();
    await page.getByText('You have no bots.', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'New bot' }).count()).toBe(0);
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  it('Docker does not answer: the bot is unknown, never gone, and the reason is there', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    const page = await openPage(app, { token: await app.token(bot.uid) });
    const card = page.locator(`[data-bot="${bot.instanceId}"]`);
    await card.getByText('Unknown', { exact: true }).waitFor();
    expect(await card.textContent()).toContain('Not every host on which the bot may run answers');
    expect(await card.textContent()).toContain('Your money stays with the bot until it does.');
    await page.getByText('3 of 3 bots unknown').waitFor();
    expect(await page.getByTestId('orphans').count()).toBe(0);
  });

  it('the network goes and comes back: told, with what was known and its age, then fresh again', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(bot.uid) });
    await page.getByTestId('balance').waitFor();
    await page.context().setOffline(true);
    await page.getByText('You are offline.').waitFor();
    expect(await page.getByTestId('balance').textContent()).toBe('$50.00');
    await page.getByRole('button', { name: 'Sync Wallet' }).click();
    await page.getByText('The server does not answer.').first().waitFor();
    await page.context().setOffline(false);
    await page.getByText('You are offline.').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Sync Wallet' }).click();
    await page.getByText('Your wallet is in sync with your bots').waitFor();
  });

  it('opened with a setting that says so: synchronises on opening, once a minute at most', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'pooled');
    const page = await openPage(app, { token: await app.token(bot.uid) });
    const passing = () => app.db.collection('sagas').countDocuments({ 'input.trigger': 'passive' });
    await expect.poll(passing).toBe(1);
    await page.reload();
    await page.getByTestId('balance').waitFor();
    expect(await passing()).toBe(1);
    await page.getByLabel('Check for orphaned money').uncheck();
    await page.evaluate(() => {
      const { localStorage } = Object(globalThis);
      for (const key of Object.keys(localStorage)) {
        if (key.includes('synced-on-open')) localStorage.removeItem(key);
      }
    });
    await page.reload();
    await page.getByTestId('balance').waitFor();
    expect(await passing()).toBe(1);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`on a phone, ${colorScheme}: nothing is cut off, nothing is unreadable`, async () => {
      const app = await startWithFixtures();
      const viewport = { width: 390, height: 844 };
      const token = await app.token('anshjarvis2003');
      const page = await openPage(app, { token, viewport, colorScheme });
      await page.getByTestId('orphans').waitFor();
      expect(await overflow(page)).toBe(0);
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.getByRole('button', { name: 'Delete Bot 1' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Sync Wallet' }).click();
      await page.getByText('1 orphaned bot cleaned up').waitFor();
      expect(await overflow(page)).toBe(0);
      expect(await accessibilityProblems(page)).toEqual([]);
    });
  }

  it('by keyboard alone: from the top of the page to a bot that is gone', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const page = await openPage(app, { token: await app.token(bot.uid) });
    const target = page.getByRole('button', { name: 'Delete Bot 1' });
    await target.waitFor();
    const focused = () =>
      page.evaluate(() => Object(globalThis).document.activeElement.getAttribute('aria-label'));
    for (let tabs = 0; tabs < 30 && (await focused()) !== 'Delete Bot 1'; tabs += 1) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('$110.00 came back').waitFor();
  });
});
