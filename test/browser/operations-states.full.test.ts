// The operations page where something cannot be known: no network, a source or MongoDB that does not answer. And every
// state readable by everybody, in light and dark and on a phone.

import { expect, inject, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { accessibilityProblems, describeBrowser, overflow } from '../support/browser.ts';
import { placeBot } from '../support/deletions.ts';
import {
  chooseVerb,
  openOperations,
  rowsOn,
  sagaOn,
  startHolding,
  stuckDeletion,
} from '../support/operations.ts';
import { botOnLost, returnedBy, syncWallet } from '../support/syncs.ts';
import { createTcpProxy } from '../support/tcp-proxy.ts';

describeBrowser('the operations page', () => {
  it('the network goes and comes back: what was known stays, with its age, and nothing is ordered', async () => {
    const app = await startHolding();
    const { sagaId } = await stuckDeletion(app);
    const page = await openOperations(app, { saga: sagaId });
    const { dialog, order } = await chooseVerb(page, 'Retry');
    await expect.poll(() => order.isEnabled()).toBe(true);
    await page.context().setOffline(true);
    await dialog.getByLabel('Reason').fill('another try');
    await order.click();
    await dialog.getByRole('alert').getByText('The server does not answer.').waitFor();
    await dialog.getByRole('button', { name: 'Not now' }).click();
    await page.getByText('You are offline.').waitFor();
    await page.getByText('The overview could not be read again.').waitFor();
    await page.getByText('The sagas could not be read again.').waitFor();
    await page
      .getByTestId('figures')
      .getByText(/As it was/)
      .waitFor();
    expect(await page.getByTestId('figures').textContent()).toContain('$110.00');
    expect(await rowsOn(page).count()).toBe(1);
    expect(await accessibilityProblems(page)).toEqual([]);

    await page.context().setOffline(false);
    for (const text of ['You are offline.', 'could not be read again']) {
      await page.getByText(text).first().waitFor({ state: 'detached' });
    }
    await sagaOn(page, 'stuck').waitFor();
  });

  it('a host does not answer: it is red and unknown, with its reason, and never “nothing”', async () => {
    const app = await startHolding();
    const { sagaId } = await stuckDeletion(app);
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    const page = await openOperations(app, { saga: sagaId });
    const badge = page.getByTestId('sources').locator('[data-source="simulated"]');
    await badge.and(page.locator('[data-status="down"]')).waitFor();
    expect(await badge.textContent()).toContain('does not answer');
    const docker = page.getByTestId('world').locator('[data-source="docker"]');
    await docker.and(page.locator('[data-status="unknown"]')).waitFor();
    expect(await docker.textContent()).toContain('refuses connections');
    const { dialog } = await chooseVerb(page, 'Compensate');
    await dialog.getByText(/Docker is unknown: .*refuses connections/).waitFor();
  });

  it('a host that is not configured any more: gone only by the word that it is, and not by that it is empty', async () => {
    const app = await startTestApplication();
    const bot = await botOnLost(app, 'uid-one');
    // The overview of a process that still names the host.
    const page = await openOperations(app);
    await page.route('**/admin/overview', async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace('"unlisted"', '"ok"');
      await route.fulfill({ response: answer, body: text });
    });
    await page.reload();
    const notice = page.getByTestId('to-confirm');
    await notice.getByRole('button', { name: 'Confirm that it is empty …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', { name: 'Is lost empty?' }).waitFor();
    await dialog.getByLabel('Reason').fill('a new disk');
    await dialog.getByRole('button', { name: 'It is empty' }).click();
    await dialog.getByRole('alert').getByText('does not name it any more').waitFor();
    expect(await app.db.collection('hostRecords').countDocuments({ gone: { $ne: null } })).toBe(0);
    await dialog.getByRole('button', { name: 'Not now' }).click();

    await page.unroute('**/admin/overview');
    await notice.getByRole('button', { name: 'Confirm that it is gone …' }).click();
    await dialog.getByRole('heading', { name: 'Is lost gone for good?' }).waitFor();
    await dialog.getByText('This is your decision, and no evidence').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const order = dialog.getByRole('button', { name: 'It is gone for good' });
    await order.click();
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByLabel('Reason').fill('it burnt');
    await order.click();
    await dialog.waitFor({ state: 'detached' });
    const badge = page.getByTestId('sources').locator('[data-source="lost"][data-status="gone"]');
    await badge.waitFor();
    expect(await badge.textContent()).toMatch(/is gone for good.*decided by admin:ann.*: it burnt/);
    expect(await notice.count()).toBe(0);
    await page.getByTestId('sources').and(page.locator(':focus')).waitFor();
    expect(returnedBy(await syncWallet(app, bot.uid))).toEqual({ [bot.instanceId]: 110 });
  });

  it('MongoDB does not answer: figures are not known, never zero; they come back with it', async () => {
    const target = new URL(inject('mongodbUri'));
    const proxy = await createTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    const app = await startTestApplication({ mongodbUri: target.href });
    await placeBot(app, 'dedicated');
    const page = await openOperations(app);
    const figures = page.getByTestId('figures');
    await figures.getByText('nothing waits for you').waitFor();
    proxy.cut();
    await figures.getByText('The log cannot be read:').waitFor();
    expect(await figures.locator('.figure').allTextContents()).toEqual(['–', '–', '–', '–', '–']);
    const mongodb = page.getByTestId('sources').locator('[data-source="mongodb"]');
    await mongodb.and(page.locator('[data-status="down"]')).waitFor();
    proxy.heal();
    await figures.getByText('nothing waits for you').waitFor();
    await page.getByText('The sagas could not be read again.').waitFor({ state: 'detached' });
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`on a phone, ${colorScheme}: nothing is cut off, nothing is unreadable`, async () => {
      const app = await startHolding();
      const { sagaId } = await stuckDeletion(app, 'uid-of-somebody-with-a-long-name');
      const viewport = { width: 390, height: 844 };
      const page = await openOperations(app, { viewport, colorScheme });
      await page.getByTestId('nothing-chosen').waitFor();
      await rowsOn(page).first().waitFor();
      expect(await overflow(page)).toBe(0);
      expect(await accessibilityProblems(page)).toEqual([]);
      await rowsOn(page).first().click();
      await page.getByTestId('world').locator('[data-source="ledger"]').waitFor();
      await page.getByTestId('verbs').getByRole('button', { name: 'Retry' }).waitFor();
      expect(page.url()).toContain(sagaId);
      expect(await overflow(page)).toBe(0);
      expect(await accessibilityProblems(page)).toEqual([]);
      const { dialog } = await chooseVerb(page, 'Resolve');
      await dialog.getByText('$110.00 are at risk').waitFor();
      expect(await overflow(page)).toBe(0);
      expect(await accessibilityProblems(page)).toEqual([]);
    });
  }

  it('of a new system, 1180 pixels wide: nothing yet in each part, and the five figures in one row', async () => {
    const app = await startTestApplication();
    const page = await openOperations(app, { viewport: { width: 1180, height: 860 } });
    await page.getByText('There are no sagas yet.').waitFor();
    await page.getByText('Nothing waits for a person.').waitFor();
    await page.getByText('No run has been recorded yet.').waitFor();
    await page.getByTestId('figures').getByText('nothing waits for you').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const cards = page.getByTestId('figures').getByRole('listitem');
    const tops = await cards.evaluateAll((all) => all.map((one) => Object(one).offsetTop));
    expect(tops).toHaveLength(5);
    expect(new Set(tops).size).toBe(1);
    expect(await overflow(page)).toBe(0);
  });
});
