// Both pages with the longest names and the largest numbers there can be, at the widths of a small phone, a phone, a
// tablet and a desk, loaded there and resized to there: nothing is wider than the window, nothing is cut.

import { expect, it } from 'vitest';
import { adminToken } from '../support/admin.ts';
import type { TestApplication } from '../support/application.ts';
import { describeBrowser, openPage, type Page } from '../support/browser.ts';
import { placeBot, stuckDelete } from '../support/deletions.ts';
import { chooseVerb, startHolding } from '../support/operations.ts';
import { allocation, users } from '../support/users.ts';
import { widthProblems } from '../support/widths.ts';

const WIDTHS = [320, 375, 768, 1280];
const LARGE = 1_234_567_890.12;
const UID = 'W'.repeat(57);
const NAME = 'M'.repeat(63);
const orphan = allocation(LARGE - 1, LARGE, { botName: NAME });

/** A stuck deletion, a bot that a synchronisation has paid back, and one that it will. */
async function startWithLargest(): Promise<{ app: TestApplication; sagaId: string }> {
  // A page that checks by itself has the orphan paid a minute later, wherever the walk is by then.
  const app = await startHolding({ SYNC_ON_OPEN: 'off' });
  const bot = await placeBot(app, 'pooled', { uid: UID });
  const mine = { firebaseUid: UID };
  const row = { type: 'profit', amount: -LARGE, botName: NAME, description: NAME };
  const rows = [{ ...row, balanceAfter: LARGE, timestamp: new Date('2024-10-26T10:00:00Z') }];
  await users(app.db).updateOne(mine, {
    $set: {
      [`botAllocations.${bot.instanceId}`]: allocation(LARGE - 1, LARGE, { botName: NAME }),
      [`botAllocations.${UID}-bot-4`]: orphan,
      walletTransactions: rows,
      'paperWallet.balance': LARGE,
    },
  });
  const synced = await app.call(UID, 'POST', '/sync-wallet', { prefer: 'wait=30' });
  expect(synced.body.data.cleanedBots).toHaveLength(1);
  await users(app.db).updateOne(mine, {
    $set: { [`botAllocations.${UID}-bot-5`]: orphan, 'paperWallet.balance': LARGE },
  });
  const sagaId = await stuckDelete(app, bot);
  return { app, sagaId };
}

/** The page as it is, its chart, its dialogs and its report. */
async function walkPortfolio(page: Page, where: string): Promise<readonly string[]> {
  const found: string[] = [];
  const observe = async (what: string) => {
    for (const problem of await widthProblems(page)) found.push(`${where}, ${what}: ${problem}`);
  };
  await page.getByTestId('orphans').waitFor();
  await page.locator('[data-state="stuck"]').getByText('waits for an operator').waitFor();
  await page.locator('section[aria-labelledby="transactions-title"] tbody tr').nth(1).waitFor();
  await expect.poll(() => chartMisfit(page)).toBe(0);
  await observe('page');
  await page
    .locator(`[data-bot="${UID}-bot-5"]`)
    .getByRole('button', { name: /^Delete/ })
    .click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('$1,234,567,890.12').waitFor();
  await observe('delete dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'New bot' }).click();
  await dialog.waitFor();
  await observe('new bot');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'What would happen?' }).first().click();
  const report = page.getByTestId('sync-report');
  await report.getByRole('button', { name: 'Close' }).waitFor();
  expect(await report.textContent()).toContain('$1,234,567,890.12');
  await observe('report');
  await report.getByRole('button', { name: 'Close' }).click();
  return found;
}

async function walkOperations(page: Page, where: string): Promise<readonly string[]> {
  const found: string[] = [];
  const observe = async (what: string) => {
    for (const problem of await widthProblems(page)) found.push(`${where}, ${what}: ${problem}`);
  };
  await page.getByTestId('saga').getByText('Stuck').first().waitFor();
  await page.getByTestId('world').locator('[data-source="docker"]').waitFor();
  await page.getByTestId('figures').getByText('$1,234,567,890.12').first().waitFor();
  await observe('page');
  const row = page.getByTestId('sagas').getByRole('link').first();
  expect(await row.textContent()).toContain(`${UID}-bot-2`);
  const { dialog } = await chooseVerb(page, 'Compensate');
  await observe('dialog of a verb');
  await dialog.getByRole('button', { name: 'Not now' }).click();
  return found;
}

/** How far the chart is from the width of its place; -1 without a chart. */
function chartMisfit(page: Page): Promise<number> {
  return page.evaluate(() => {
    const place = Object(globalThis).document.querySelector('.chart');
    const chart = place?.querySelector('.uplot');
    return chart ? Math.abs(chart.clientWidth - place.clientWidth) : -1;
  });
}

describeBrowser('the longest names and the largest numbers', () => {
  it('at every width, loaded there and resized to there: nothing wider than the window, nothing cut', async () => {
    const { app, sagaId } = await startWithLargest();
    const token = await app.token(UID);
    const admin = await adminToken(app);
    const found: string[] = [];
    const height = 900;
    const resized = await openPage(app, { token });
    const operations = await openPage(app, { token: admin, path: `/ops?saga=${sagaId}` });
    for (const width of [...WIDTHS].reverse()) {
      await resized.setViewportSize({ width, height });
      found.push(...(await walkPortfolio(resized, `resized to ${width}`)));
      await operations.setViewportSize({ width, height });
      found.push(...(await walkOperations(operations, `/ops resized to ${width}`)));
      const viewport = { width, height };
      const loaded = await openPage(app, { token, viewport });
      found.push(...(await walkPortfolio(loaded, `loaded at ${width}`)));
      await loaded.close();
      const path = `/ops?saga=${sagaId}`;
      const loadedOperations = await openPage(app, { token: admin, path, viewport });
      found.push(...(await walkOperations(loadedOperations, `/ops loaded at ${width}`)));
      await loadedOperations.close();
      if (process.env.RECLAIM_SHOTS !== undefined) {
        await resized.screenshot({
          path: `${process.env.RECLAIM_SHOTS}/p${width}.png`,
          fullPage: true,
        });
        await operations.screenshot({
          path: `${process.env.RECLAIM_SHOTS}/o${width}.png`,
          fullPage: true,
        });
      }
    }
    expect(found).toEqual([]);
  }, 240_000);
});
