// Who may see what on the operations page and on the queue board, which share one session.

import { expect, it } from 'vitest';
import { adminToken } from '../support/admin.ts';
import { describeBrowser, openPage } from '../support/browser.ts';
import { placeBot } from '../support/deletions.ts';
import { openOperations, sagaOn, startHolding, stuckDeletion } from '../support/operations.ts';

const ADMIN_READS = ['/overview', '/sagas', '/findings', '/orphans/history', '/audit'];

describeBrowser('a user who is no administrator', () => {
  it("told so, and nothing of anybody's is on the page, asked for by it, or answered to it", async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const { uid } = await placeBot(app, 'dedicated', { uid: 'uid-two' });
    const page = await openPage(app, { path: '/docs/' });
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/admin/')) asked.push(request.url());
    });
    await page.goto(`${app.url}/ops?saga=${sagaId}`);
    await page.getByLabel('Token').fill(await app.token(uid));
    await page.getByRole('button', { name: 'Sign in' }).click();
    const told = page.getByTestId('not-admin');
    await told.getByRole('heading', { name: 'Operators only' }).waitFor();
    expect(asked).toEqual([]);
    const text = await page.locator('body').textContent();
    for (const word of [bot.uid, bot.instanceId, bot.userId, '$110.00', 'Stuck']) {
      expect(text).not.toContain(word);
    }
    expect(await page.getByRole('navigation').getByRole('link').allTextContents()).toEqual([
      expect.stringContaining('Portfolio'),
      expect.stringContaining('API'),
    ]);

    const saga = [`/sagas/${sagaId}`, `/sagas/${sagaId}/plan`, `/sagas/${sagaId}/world`];
    for (const path of [...ADMIN_READS, ...saga]) {
      const answer = await page.request.get(`${app.url}/api/freqtrade/admin${path}`);
      expect([path, answer.status()]).toEqual([path, 403]);
      expect(await answer.text()).not.toContain(bot.uid);
    }
    const url = `${app.url}/api/freqtrade/admin/sagas/${sagaId}/retry`;
    const headers = { origin: app.url };
    const order = await page.request.post(url, { headers, data: { reason: 'mine' } });
    expect(order.status()).toBe(403);
    await told.getByRole('link', { name: 'To your portfolio' }).click();
    await page.getByTestId('balance').waitFor();
  });
});

describeBrowser('the queue board', () => {
  it('reached from a saga, it shows the step that failed and leads back; signed out, it is closed', async () => {
    const app = await startHolding();
    const { sagaId } = await stuckDeletion(app);
    const page = await openOperations(app, { saga: sagaId });
    await sagaOn(page, 'stuck').getByRole('link', { name: 'Queue job' }).click();
    await page.getByText('stuck in stop-container: STOP_FAILED').first().waitFor();
    expect(new URL(page.url()).pathname).toBe(`/admin/queues/queue/deletion/${sagaId}`);
    const back = page.getByRole('link', { name: 'The saga' }).first();
    expect(await back.getAttribute('href')).toBe(`/ops?saga=${sagaId}`);
    await page.goto(new URL((await back.getAttribute('href')) ?? '', app.url).href);
    await sagaOn(page, 'stuck').waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    for (const path of ['', '/api/queues', `/queue/deletion/${sagaId}`]) {
      const answer = await page.request.get(`${app.url}/admin/queues${path}`);
      expect([path, answer.status()]).toEqual([path, 401]);
    }
    await page.getByLabel('Token').fill(await adminToken(app));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await sagaOn(page, 'stuck').waitFor();
  });
});
