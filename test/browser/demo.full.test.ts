// What a new user does after `npm start`: the embedded demo with its own database, from the sign-in to the money.

import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { startApplication } from '../../src/main/compose/application.ts';
import { parseConfig } from '../../src/main/config.ts';
import { describeBrowser, openPage } from '../support/browser.ts';
import { createTestFolder } from '../support/folder.ts';

async function startDemo() {
  const config = parseConfig({
    DATA_DIR: await createTestFolder(),
    PORT: '0',
    LOG_LEVEL: 'silent',
  });
  const application = await startApplication({
    config,
    log: pino({ level: config.logLevel }),
    say: () => undefined,
    signal: new AbortController().signal,
    onLost: () => undefined,
  });
  onTestFinished(() => application.stop());
  return application;
}

describeBrowser('the demo', () => {
  it('the orphan is seen, rehearsed and synchronised: 1,105.00 comes back, 18,436.00 is the balance', async () => {
    const page = await openPage(await startDemo());
    const unasked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('passive=true')) unasked.push(request.url());
    });
    const users = page.getByRole('main').getByRole('button');
    await users.first().waitFor();
    expect((await users.first().textContent())?.trim()).toBe('anshjarvis2003');
    await users.first().click();

    const balance = page.getByTestId('balance');
    await expect.poll(() => balance.textContent()).toBe('$17,331.00');
    const notice = page.getByText('1 bot holds money but exists nowhere.');
    await notice.waitFor();

    await page.getByRole('button', { name: 'What would happen?' }).first().click();
    const report = page.getByTestId('sync-report');
    await report.getByText('1 orphaned bot would be cleaned up').waitFor();
    expect(await report.textContent()).toContain('$1,105.00 would come back');
    expect(await balance.textContent()).toBe('$17,331.00');

    await report.getByRole('button', { name: 'Sync Wallet' }).click();
    await report.getByText('1 orphaned bot cleaned up').waitFor();
    expect(await report.textContent()).toContain('$1,105.00 came back');
    await expect.poll(() => balance.textContent()).toBe('$18,436.00');
    await notice.waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: '+$1,105.00' }).waitFor();
    expect(unasked).toEqual([]);
  });

  it('another user deletes a bot and watches its steps to the money', async () => {
    const page = await openPage(await startDemo());
    await page.getByRole('button', { name: 'uid-live' }).click();
    await page.getByRole('button', { name: 'Delete Alpha' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete Alpha?' });
    expect(await dialog.textContent()).toContain('$262.50');
    await dialog.getByRole('button', { name: 'Delete the bot' }).click();
    const job = page.getByRole('article');
    await job.getByText('$262.50 came back; your balance is $762.75').waitFor();
    expect(await job.getByRole('listitem').allTextContents()).toEqual([
      expect.stringContaining('Allocation locked'),
      expect.stringContaining('Bot stopped'),
      expect.stringContaining('Taken out of its pool'),
      expect.stringContaining('Money returned'),
      expect.stringContaining('Transaction written'),
      expect.stringContaining('What was found is removed'),
    ]);
    await expect.poll(() => page.getByTestId('balance').textContent()).toBe('$762.75');
    await page.getByRole('heading', { name: 'Alpha', exact: true }).waitFor({ state: 'detached' });
  });
});
