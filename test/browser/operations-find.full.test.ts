// How an operator finds what they were told of: by bot or by user, by state, and by an address that leads nowhere.

import { expect, it } from 'vitest';
import { describeBrowser, type Page } from '../support/browser.ts';
import { completedDelete, placeBot } from '../support/deletions.ts';
import {
  openOperations,
  rowsOn,
  sagaOn,
  startHolding,
  stuckDeletion,
} from '../support/operations.ts';

const shown = (page: Page) =>
  rowsOn(page).evaluateAll((all) => all.map((one) => Object(one).dataset.saga));

async function search(page: Page, text: string): Promise<void> {
  const field = page.getByRole('searchbox');
  await field.fill(text);
  await field.press('Enter');
}

describeBrowser('the list of sagas', () => {
  it('searched by bot and by user, filtered by state, and let go again', async () => {
    const app = await startHolding();
    const one = await placeBot(app, 'dedicated', { uid: 'uid-of-somebody-with-a-long-name' });
    const ended = await completedDelete(app, one);
    const { sagaId: stuck } = await stuckDeletion(app, 'uid-two');
    const page = await openOperations(app);
    await expect.poll(() => shown(page)).toEqual([stuck, ended]);
    // A long name is shown whole: its end alone could be anybody's.
    await rowsOn(page).last().getByText(one.instanceId, { exact: true }).waitFor();
    const list = page.getByTestId('sagas').getByRole('list');
    expect(await list.evaluate((box) => Object(box).scrollWidth - Object(box).clientWidth)).toBe(0);

    await search(page, one.instanceId);
    await expect.poll(() => shown(page)).toEqual([ended]);
    await search(page, 'uid-two');
    await expect.poll(() => shown(page)).toEqual([stuck]);
    await page.getByLabel('State').selectOption('completed');
    await page.getByTestId('no-sagas').getByText('No saga is like that.').waitFor();
    await page.getByRole('searchbox').fill('');
    await expect.poll(() => shown(page)).toEqual([ended]);
    await page.getByLabel('Kind').selectOption('sync-all');
    await page.getByTestId('no-sagas').waitFor();
    await page.getByLabel('State').selectOption('');
    await page.getByLabel('Kind').selectOption('delete-bot');
    await expect.poll(() => shown(page)).toEqual([stuck, ended]);
  });

  it('a saga that there is not: said so, beside those that there are', async () => {
    const app = await startHolding();
    const { sagaId } = await stuckDeletion(app);
    for (const unknown of ['del-0000000000000000', 'no id at all']) {
      const page = await openOperations(app, { saga: encodeURIComponent(unknown) });
      await page.getByText(`The log has no saga ${unknown}.`).waitFor();
      await rowsOn(page).first().click();
      await sagaOn(page, 'stuck').waitFor();
      expect(page.url()).toContain(sagaId);
    }
  });
});
