// Everybody's wallets brought back in step from the operations page: rehearsed, done, stopped by a guard, and forced.

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { describeBrowser, type Page } from '../support/browser.ts';
import { placeBot, startWithFixtures, userNamed } from '../support/deletions.ts';
import { openOperations, sagaOn } from '../support/operations.ts';
import { orphanOf } from '../support/syncs.ts';

function syncAllOn(page: Page) {
  const card = page.getByTestId('sync-all');
  const result = page.getByTestId('sync-all-result');
  const press = (name: string) => card.getByRole('button', { name, exact: true }).click();
  return { card, result, press };
}

describeBrowser('a run over all users', () => {
  it('rehearsed, then done: what it would do, what it did, and the run itself', async () => {
    const app = await startWithFixtures();
    const page = await openOperations(app);
    const { card, result, press } = syncAllOn(page);
    await press('Dry run');
    await result.getByText('Found 7 orphans with $1,957.54').waitFor();
    expect(await result.textContent()).toContain('Nothing was changed.');
    await card.getByText('anshjarvis2003-bot-1').waitFor();
    expect((await userNamed(app, 'anshjarvis2003')).paperWallet.balance).toBe(17331);

    await press('Synchronise');
    await result.getByText('5 repairs, $1,957.54 paid back').waitFor();
    expect((await userNamed(app, 'anshjarvis2003')).paperWallet.balance).toBe(18436);
    await page.getByText('At the last run $1,957.54 in 7 orphaned bots').waitFor();
    await press('The run');
    await sagaOn(page, 'completed').getByRole('heading', { name: 'All users' }).waitFor();
    await page.getByTestId('world').getByText('about no single bot').waitFor();
  });

  it('stopped by a guard: said which, nothing is paid; forced only after a second question', async () => {
    const app = await startTestApplication({ env: { SYNC_MAX_REFUNDS: '1' } });
    const uids = ['uid-a', 'uid-b', 'uid-c'];
    for (const uid of uids) await orphanOf(app, uid);
    for (let n = 0; n < 12; n += 1) await placeBot(app, 'dedicated', { uid: `uid-live-${n}` });
    const balances = () =>
      Promise.all(uids.map(async (uid) => (await userNamed(app, uid)).paperWallet.balance));
    const page = await openOperations(app);
    const { card, result, press } = syncAllOn(page);
    await press('Synchronise');
    await result.getByText('Nothing was repaired.').waitFor();
    await card.getByText('there are more orphans at once than SYNC_MAX_REFUNDS').waitFor();
    expect(await balances()).toEqual([50, 50, 50]);

    await press('Synchronise all the same …');
    await page.getByRole('dialog').getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await balances()).toEqual([50, 50, 50]);
    await press('Synchronise all the same …');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: 'Synchronise all the same' })
      .click();
    await result.getByText('3 repairs, $330.00 paid back').waitFor();
    expect(await balances()).toEqual([160, 160, 160]);
  });
});
