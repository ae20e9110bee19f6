// The whole page of a user whose numbers are odd, before and after Sync Wallet: no two parts of it say different things.

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { describeBrowser, openPage } from '../support/browser.ts';
import { allocation, putUser, users } from '../support/users.ts';

const UID = 'uid-odd';
const id = (n: number) => `${UID}-bot-${n}`;

describeBrowser('the portfolio of a user with odd numbers', () => {
  it('one verdict a bot, and no contradiction on the page, before and after Sync Wallet', async () => {
    const app = await startTestApplication();
    const bots = {
      [id(1)]: allocation(50, -12.5, { botName: 'Negative' }),
      [id(2)]: allocation(50, 0, { botName: 'Empty' }),
      [id(3)]: allocation(50, '7', { botName: 'Text' }),
    };
    await putUser(app.db, { balance: 10, bots, firebaseUid: UID });
    const page = await openPage(app, { token: await app.token(UID) });
    const card = (n: number) => page.locator(`[data-bot="${id(n)}"]`);
    for (const n of [1, 3]) await card(n).getByText('Sync Wallet leaves it alone').waitFor();
    await card(2).getByText('It is worth nothing: Sync Wallet removes it.').waitFor();
    expect(await page.getByTestId('orphans').count()).toBe(0);
    await card(1)
      .getByRole('button', { name: /^Delete/ })
      .click();
    await page.getByRole('dialog').getByText('cannot be paid').waitFor();
    await page.keyboard.press('Escape');

    const sync = page.getByRole('button', { name: 'Sync Wallet', exact: true }).first();
    const report = page.getByTestId('sync-report');
    await sync.click();
    await report.getByText('1 orphaned bot cleaned up').waitFor();
    await card(2).waitFor({ state: 'detached' });
    await report.getByRole('button', { name: 'Close' }).click();
    await sync.click();
    await report.getByText('Nothing to clean up, and 2 left alone').waitFor();
    // By the names that the cards have.
    expect(await report.locator('.lines').textContent()).not.toContain(id(1));
    const text = String(await page.locator('main').textContent());
    expect(text).not.toMatch(/in sync|not a number|returns (it|its money)|holds? money/);
    expect(text.match(/cannot be paid/g)).toHaveLength(4);
  });

  it('Sync Wallet is checking: no rehearsal takes the place of its report', async () => {
    const app = await startTestApplication({ env: { SYNC_CONFIRM_SECONDS: '3' } });
    await putUser(app.db, { balance: 10, bots: { [id(1)]: allocation(50, 60) }, firebaseUid: UID });
    const page = await openPage(app, { token: await app.token(UID) });
    const notice = page.getByTestId('orphans');
    await notice.waitFor();
    await page.getByRole('button', { name: 'Sync Wallet', exact: true }).first().click();
    await page.getByTestId('sync-report').getByText('Checking your wallet').waitFor();
    expect(await notice.getByRole('button', { name: 'What would happen?' }).isDisabled()).toBe(
      true,
    );
    await page.getByTestId('sync-report').getByText('1 orphaned bot cleaned up').waitFor();
  });

  it('paid back by a run of another page: the history says why the balance is another', async () => {
    const app = await startTestApplication();
    await putUser(app.db, { balance: 10, bots: { [id(1)]: allocation(50, 60) }, firebaseUid: UID });
    const page = await openPage(app, { token: await app.token(UID) });
    await page.getByTestId('orphans').waitFor();
    await page.getByText('Nothing has moved yet.').waitFor();
    await app.call(UID, 'POST', '/sync-wallet', { prefer: 'wait=30' });
    await page.evaluate(() => Object(globalThis).dispatchEvent(new Event('online')));
    await expect.poll(() => page.getByTestId('balance').textContent()).toBe('$70.00');
    await page.getByRole('cell', { name: '+$60.00' }).waitFor();
  });

  it('paid back before: left alone on the card as in the report', async () => {
    const app = await startTestApplication();
    const bots = { [id(1)]: allocation(50, 60) };
    await putUser(app.db, { balance: 10, bots, firebaseUid: UID });
    await app.call(UID, 'POST', '/sync-wallet', { prefer: 'wait=30' });
    // An old copy of the allocation is written back.
    const $set = { [`botAllocations.${id(1)}`]: allocation(50, 60) };
    await users(app.db).updateOne({ firebaseUid: UID }, { $set });
    const page = await openPage(app, { token: await app.token(UID) });
    await page
      .locator(`[data-bot="${id(1)}"]`)
      .getByText('It was paid back before')
      .waitFor();
    expect(await page.getByTestId('orphans').count()).toBe(0);
    await page.getByRole('button', { name: 'Sync Wallet', exact: true }).first().click();
    await page
      .getByTestId('sync-report')
      .getByText('Nothing to clean up, and 1 left alone')
      .waitFor();
    expect(await page.locator('main').textContent()).not.toMatch(/in sync|returns its money/);
  });
});
