// A deletion that is held, as an operator comes by it: seen, understood, and brought to an end with a name and a reason.

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication } from '../support/application.ts';
import { accessibilityProblems, describeBrowser, openPage } from '../support/browser.ts';
import {
  acceptDelete,
  completedDelete,
  deleteThatCannotStop,
  injectFaults,
  placeBot,
  standingTombstones,
  userNamed,
} from '../support/deletions.ts';
import {
  chooseVerb,
  openOperations,
  rowsOn,
  sagaOn,
  startHolding,
  stuckDeletion,
} from '../support/operations.ts';
import { platformSets } from '../support/users.ts';

describeBrowser('a stuck deletion', () => {
  it('seen first among others, with its money; opened, left by the way back, and opened again', async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const newer = await placeBot(app, 'dedicated', { uid: 'uid-two' });
    await completedDelete(app, newer);
    const page = await openOperations(app);
    await expect.poll(() => rowsOn(page).count()).toBe(2);
    const first = rowsOn(page).first();
    expect(await first.getAttribute('data-saga')).toBe(sagaId);
    for (const part of [
      bot.instanceId,
      'Stuck',
      'stop-container: STOP_FAILED',
      '$110.00',
      'since',
    ]) {
      expect(await first.textContent()).toContain(part);
    }
    const figures = page.getByTestId('figures');
    await figures.getByText('$110.00', { exact: true }).waitFor();
    expect(await figures.textContent()).toContain('Stuck1the oldest since');

    await first.click();
    await sagaOn(page, 'stuck').waitFor();
    expect(page.url()).toBe(`${app.url}/ops?saga=${sagaId}`);
    await page.goBack();
    await page.getByTestId('nothing-chosen').waitFor();
    await page.goForward();
    await sagaOn(page, 'stuck').waitFor();
  });

  it('opened by its address: every attempt, what the world says now, and why a verb is not allowed', async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const { history } = (await asAdmin(app, 'GET', `/admin/sagas/${sagaId}`)).body;
    const page = await openOperations(app, { saga: sagaId });
    await sagaOn(page, 'stuck').waitFor();
    const events = page.getByTestId('timeline').locator('[data-type]');
    expect(await events.evaluateAll((all) => all.map((one) => Object(one).dataset.type))).toEqual(
      history.map(({ type }: { type: string }) => type),
    );
    const failures = page.getByTestId('timeline').locator('[data-type="failed"]');
    expect(await failures.count()).toBeGreaterThan(0);
    expect(await failures.first().textContent()).toContain('stop-container attempt 1 failed');

    const world = page.getByTestId('world');
    const source = (name: string) => world.locator(`[data-source="${name}"]`);
    await source('wallet').and(page.locator('[data-status="present"]')).waitFor();
    expect(await source('wallet').textContent()).toContain('$110.00 of $100.00 allocated');
    expect(await source('pool-state').textContent()).toContain(`${bot.uid}-pool-1 slot 1`);
    expect(await source('docker').textContent()).toContain('running');
    expect(await source('ledger').textContent()).toContain('no entry');

    const verbs = page.getByTestId('verbs');
    const skip = verbs.getByRole('button', { name: 'Skip' });
    expect(await skip.isDisabled()).toBe(true);
    const why = verbs.locator(`#${await skip.getAttribute('aria-describedby')}`);
    expect(await why.textContent()).toMatch(/^Skip: .+\.$/);
    for (const verb of ['Retry', 'Compensate', 'Resolve']) {
      expect(await verbs.getByRole('button', { name: verb }).isEnabled()).toBe(true);
    }
  });

  it('compensated: not without a reason; then seen live to its end, with who and why in its history', async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const page = await openOperations(app, { saga: sagaId });
    const ordered: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') ordered.push(request.url());
    });
    const { dialog, order } = await chooseVerb(page, 'Compensate');
    await dialog.getByText('Undo lock-allocation').waitFor();
    await dialog.getByText('$110.00 are at risk').waitFor();
    await expect.poll(() => order.isEnabled()).toBe(true);
    const reason = dialog.getByLabel('Reason');
    for (const nothing of ['', '   ']) {
      await reason.fill(nothing);
      await order.click();
      expect(await reason.evaluate((field) => Object(field).validity.valid)).toBe(false);
    }
    expect(ordered).toEqual([]);

    await injectFaults(app, bot, null);
    await reason.fill('the owner wants it back');
    await order.click();
    await dialog.waitFor({ state: 'detached' });
    await sagaOn(page, 'compensated').waitFor();
    expect(ordered).toHaveLength(1);
    const decided = page.getByTestId('timeline').locator('[data-type="compensate-ordered"]');
    expect(await decided.textContent()).toContain('by admin:ann: the owner wants it back');
    await page.getByTestId('no-verbs').waitFor();
    await expect.poll(() => rowsOn(page).first().getAttribute('data-state')).toBe('compensated');
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(50);
  });

  it('watched while it becomes stuck, retried after its bot was mended: completed, the money in the wallet', async () => {
    // The second time its bot has to stop within this, on a machine that may be busy.
    const app = await startHolding({ STOP_TIMEOUT_MS: '4000' });
    const bot = await placeBot(app, 'pooled');
    await injectFaults(app, bot, { refuseStop: true });
    const page = await openOperations(app, { saga: await acceptDelete(app, bot) });
    await sagaOn(page, 'stuck').waitFor();
    await injectFaults(app, bot, null);
    const { dialog, order } = await chooseVerb(page, 'Retry');
    await dialog.getByText('Do refund-wallet').waitFor();
    await dialog.getByLabel('Reason').fill('the host was mended');
    await order.click();
    await sagaOn(page, 'completed').waitFor();
    const world = page.getByTestId('world');
    await world.locator('[data-source="wallet"][data-status="absent"]').waitFor();
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
    await page.getByTestId('figures').getByText('nothing waits for you').waitFor();
  });

  it("resolved on the operator's word: not without an outcome and evidence; its lock is given back", async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const page = await openOperations(app, { saga: sagaId });
    const { dialog, order } = await chooseVerb(page, 'Resolve');
    await expect.poll(() => order.isEnabled()).toBe(true);
    await dialog.getByLabel('Reason').fill('nothing has happened yet');
    await order.click();
    await dialog.getByLabel(/compensated: it goes no further/).check();
    await order.click();
    expect((await asAdmin(app, 'GET', `/admin/sagas/${sagaId}`)).body.state).toBe('stuck');
    await dialog.getByLabel('Evidence').fill('ticket 17');
    await order.click();
    await sagaOn(page, 'compensated').waitFor();
    const decided = page.getByTestId('timeline').locator('[data-type="resolve-ordered"]');
    expect(await decided.textContent()).toContain(
      'by admin:ann: compensated: nothing has happened yet (evidence: ticket 17)',
    );
    const { botAllocations } = await userNamed(app, bot.uid);
    expect(botAllocations[bot.instanceId]).not.toHaveProperty('lockedBy');
    expect(await standingTombstones(app)).toEqual([]);
  });

  it('decided by another operator meanwhile: the dialog goes, and the history names who was first', async () => {
    const app = await startHolding();
    const { sagaId } = await stuckDeletion(app);
    const page = await openOperations(app, { saga: sagaId });
    const { dialog, order } = await chooseVerb(page, 'Retry');
    await expect.poll(() => order.isEnabled()).toBe(true);
    await dialog.getByLabel('Reason').fill('another try');
    const resolve = { reason: 'seen by hand', outcome: 'compensated', evidence: 'ticket 18' };
    await asAdmin(app, 'POST', `/admin/sagas/${sagaId}/resolve`, resolve, 'bob');
    await sagaOn(page, 'compensated').waitFor();
    await dialog.waitFor({ state: 'detached' });
    const timeline = page.getByTestId('timeline');
    const decided = timeline.locator('[data-type="resolve-ordered"]');
    expect(await decided.textContent()).toContain('by admin:bob: compensated: seen by hand');
    expect(await timeline.locator('[data-type="retry-ordered"]').count()).toBe(0);
  });
});

describeBrowser('a deletion that is stuck on a number that is no money', () => {
  it('its bot is stopped by choice: no number moves, and it is stuck again with the reason', async () => {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '4000' } });
    const bot = await placeBot(app, 'dedicated');
    await platformSets(app.db, bot.userId, { 'paperWallet.balance': -3.21 });
    const before = await userNamed(app, bot.uid);
    const page = await openOperations(app, { saga: await acceptDelete(app, bot) });
    await sagaOn(page, 'stuck').waitFor();
    const { dialog, order } = await chooseVerb(page, 'Retry');
    const asPlanned = dialog.getByLabel('As planned');
    expect(await asPlanned.isChecked()).toBe(true);
    await dialog.getByLabel('Only stop the bot').check();
    await dialog.getByLabel('Reason').fill('it trades with a number that is no money');
    expect(await accessibilityProblems(page)).toEqual([]);
    await order.click();
    const ordered = page.getByTestId('timeline').locator('[data-type="retry-ordered"]');
    await ordered.waitFor();
    expect(await ordered.textContent()).toContain('by admin:ann: stop-bot: it trades');
    await page.getByText('NOT_MONEY_BOT_STOPPED').first().waitFor();
    await sagaOn(page, 'stuck').waitFor();
    expect((await app.world.snapshot()).dedicated).toMatchObject([{ running: false }]);
    expect((await userNamed(app, bot.uid)).paperWallet).toEqual(before.paperWallet);
  });

  it('stuck on something else: nothing is to be chosen', async () => {
    const app = await startHolding();
    const { sagaId } = await stuckDeletion(app);
    const page = await openOperations(app, { saga: sagaId });
    const { dialog, order } = await chooseVerb(page, 'Retry');
    await expect.poll(() => order.isEnabled()).toBe(true);
    expect(await dialog.getByRole('radio').count()).toBe(0);
  });
});

describeBrowser('a deletion that is under way', () => {
  it('held: stuck with who and why in its history; then the other verbs are open', async () => {
    const app = await startHolding({ STOP_TIMEOUT_MS: '60000' });
    const bot = await placeBot(app, 'pooled');
    const sagaId = await deleteThatCannotStop(app, bot);
    const page = await openOperations(app, { saga: sagaId });
    await sagaOn(page, 'running').waitFor();
    const verbs = page.getByTestId('verbs');
    expect(await verbs.getByRole('button', { name: 'Resolve' }).isDisabled()).toBe(true);
    const { dialog, order } = await chooseVerb(page, 'Hold');
    await dialog.getByText('It stands still, and is stuck').waitFor();
    await dialog.getByLabel('Reason').fill('its host was destroyed');
    await expect.poll(() => order.isEnabled()).toBe(true);
    await order.click();
    await sagaOn(page, 'stuck').waitFor();
    const decided = page.getByTestId('timeline').locator('[data-type="hold-ordered"]');
    expect(await decided.textContent()).toContain('by admin:ann: its host was destroyed');
    const { dialog: resolve } = await chooseVerb(page, 'Resolve');
    await resolve.getByText('Release the lock on the allocation').waitFor();
  });
});

describeBrowser('a stuck deletion, at its owner and at an operator', () => {
  it('compensated by the operator: the owner, whose page was open all the time, is told live', async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const owners = await openPage(app, { token: await app.token(bot.uid) });
    const job = owners.getByRole('article');
    await job.getByText('It waits for an operator').waitFor();
    expect(await job.getAttribute('data-state')).toBe('stuck');

    const operators = await openOperations(app, { saga: sagaId });
    const { dialog, order } = await chooseVerb(operators, 'Compensate');
    await dialog.getByLabel('Reason').fill('the owner wants it back');
    await injectFaults(app, bot, null);
    await order.click();
    await job.getByText('Undone: everything is as it was before').waitFor();
    await owners.locator(`[data-bot="${bot.instanceId}"]`).getByText('Running').waitFor();
    expect(await owners.getByTestId('balance').textContent()).toBe('$50.00');
  });

  it('ended by the operator as compensated: the owner is not told that everything is as it was', async () => {
    const app = await startHolding();
    const { sagaId, bot } = await stuckDeletion(app);
    const owners = await openPage(app, { token: await app.token(bot.uid) });
    const job = owners.getByRole('article');
    await job.getByText('It waits for an operator').waitFor();
    const resolve = { reason: 'seen by hand', outcome: 'compensated', evidence: 'ticket 19' };
    await asAdmin(app, 'POST', `/admin/sagas/${sagaId}/resolve`, resolve);
    await job.getByText('Closed by an operator. Your bots and your balance').waitFor();
    expect(await job.getByText('as it was before').count()).toBe(0);
  });
});
