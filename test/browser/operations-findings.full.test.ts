// Findings on the operations page: an allocation that was paid back stands in the wallet again, and a person decides.

import { expect, it } from 'vitest';
import { createPlatform } from '../platform/stand-in/platform.ts';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication } from '../support/application.ts';
import { describeBrowser } from '../support/browser.ts';
import { deleteBot, placeBot, userNamed } from '../support/deletions.ts';
import { openOperations } from '../support/operations.ts';
import { platformSets } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

describeBrowser('a finding', () => {
  it('an allocation that came back: shown with its evidence, removed with a reason, and never paid', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const { botAllocations } = await userNamed(app, bot.uid);
    await deleteBot(app, bot);
    await platformSets(app.db, bot.userId, { botAllocations });
    await deleteBot(app, bot);

    const page = await openOperations(app);
    const row = page.getByTestId('findings').locator('[data-kind="resurrected"]');
    await row.getByText(bot.instanceId).waitFor();
    expect(await row.textContent()).toContain('paid back stands in the wallet again');
    await row.getByText('Evidence').click();
    await row.locator('pre').waitFor();
    expect(await row.getByRole('button').allTextContents()).toEqual([
      'Remove …',
      'Accept as new …',
    ]);
    await page.getByTestId('figures').getByText('for a person to decide').waitFor();

    await row.getByRole('button', { name: 'Remove …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('taken out of the wallet and not paid').waitFor();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByLabel('Reason').fill('a stale save of the platform');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByTestId('findings').getByText('Nothing waits for a person.').waitFor();
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations).toEqual({});
    expect(user.paperWallet.balance).toBe(160);
    const [resolved] = await app.db.collection('findings').find().toArray();
    expect(resolved?.resolution).toMatchObject({
      by: 'admin:ann',
      reason: 'a stale save of the platform',
    });
  });

  it('decided by another operator meanwhile: the dialog says by whom, and nothing is done twice', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const { botAllocations } = await userNamed(app, bot.uid);
    await deleteBot(app, bot);
    await platformSets(app.db, bot.userId, { botAllocations });
    await deleteBot(app, bot);
    const page = await openOperations(app);
    await page.getByRole('button', { name: 'Accept as new …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('it is wanted');
    const [finding] = (await asAdmin(app, 'GET', '/admin/findings')).body.findings;
    const remove = { action: 'remove', reason: 'by hand' };
    await asAdmin(app, 'POST', `/admin/findings/${finding.id}/resolve`, remove, 'bob');
    await dialog.getByRole('button', { name: 'Accept as new' }).click();
    await dialog.getByRole('alert').getByText('admin:bob').waitFor();
    expect((await userNamed(app, bot.uid)).botAllocations).toEqual({});
  });

  it('a refund that a stale save took back: restored from the page, once, and the keyboard stays where it was', async () => {
    const app = await startTestApplication();
    const platform = createPlatform(app);
    const bot = await platform.place();
    const copy = await platform.read(bot.uid);
    await deleteBot(app, bot);
    await platform.deposit(copy, 7);
    await waitFor('the difference to be a finding', async () => {
      await asAdmin(app, 'GET', `/admin/audit?userId=${bot.userId}`);
      const { body } = await asAdmin(app, 'GET', '/admin/findings?kind=unrecorded-change');
      return body.findings[0];
    });
    const page = await openOperations(app);
    const row = page.getByTestId('findings').locator('[data-kind="unrecorded-change"]');
    await row.getByRole('button', { name: 'Restore …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('are paid in once more').waitFor();
    await dialog.getByLabel('Reason').fill('a stale save of the platform');
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.waitFor({ state: 'detached' });
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(167);
    await page.locator('#findings:focus').waitFor();
  });
});
