// Records of ended jobs that this release cannot read, or that an operator ended in the middle: they are evidence, and
// never what a later request of their user fails for. What was paid, the wallet, the ledger and the tombstones know (I2).

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { problemOf, startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, ownEntries, placeBot, userNamed } from '../support/deletions.ts';
import { provision, setUpProvisioning } from '../support/provisions.ts';
import { orphanOf, returnedBy, syncWallet } from '../support/syncs.ts';
import { allocation, platformSets } from '../support/users.ts';

/** As an earlier release would have stored it. */
async function makeUnreadable(app: TestApplication, id: string, field: string): Promise<void> {
  const set = { $set: { [field]: { ofAnotherRelease: true } } };
  const { modifiedCount } = await app.db.collection('sagas').updateOne({ _id: id as never }, set);
  expect(modifiedCount).toBe(1);
}

it('the last deletion of the id is not readable: a new incarnation is deleted, and paid by its own job', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  const first = await deleteBot(app, bot);
  expect(first.body.wallet).toMatchObject({ returned: 110, newBalance: 160 });
  await makeUnreadable(app, first.body.jobId, 'state.steps.0.capture');
  await makeUnreadable(app, first.body.jobId, 'state.steps.3.value');
  const allocatedAt = new Date(Date.now() + 1_000);
  const renewed = { ...allocation(100, 30), allocatedAt };
  await platformSets(app.db, bot.userId, { botAllocations: { [bot.instanceId]: renewed } });
  const second = await deleteBot(app, bot);
  expect([second.status, second.body.wallet?.returned]).toEqual([200, 30]);
  expect(second.body.jobId).not.toBe(first.body.jobId);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(190);
  expect(await ownEntries(app)).toHaveLength(2);
});

it('the last run is not readable: the next one begins, and ends', async () => {
  const app = await startTestApplication();
  const before = await syncWallet(app, (await orphanOf(app, 'uid-one')).uid);
  expect(returnedBy(before)).toEqual({ 'uid-one-bot-2': 110 });
  await makeUnreadable(app, before.body.jobId, 'input');
  const next = await syncWallet(app, 'uid-one');
  expect([next.status, next.body.success]).toEqual([200, true]);
});

it('the job of an Idempotency-Key is not readable: the key is refused, and no second bot is made', async () => {
  const app = await setUpProvisioning();
  const { body } = await provision(app, { key: 'once' });
  await makeUnreadable(app, body.jobId, 'input.amountMinor');
  expect(problemOf(await provision(app, { key: 'once' }))).toBe('422 idempotency-key-expired');
  expect(await ownEntries(app)).toHaveLength(1);
});

it('a run that an operator ended: the next page that opens is answered', async () => {
  const app = await startTestApplication();
  const { uid } = await orphanOf(app, 'uid-one');
  const { body } = await syncWallet(app, uid, '?passive=true');
  const cause = { class: 'hold', code: 'X', message: 'x', step: 'observe' };
  const stuck = { 'state.phase': 'stuck', 'state.stuckFrom': 'running', 'state.cause': cause };
  const undone = { 'state.steps.$[].value': null, open: true, result: null };
  await app.db
    .collection('sagas')
    .updateOne({ _id: body.jobId }, { $set: { ...stuck, ...undone } });
  const order = { reason: 'nothing to do', outcome: 'completed', evidence: 'seen' };
  const ended = await asAdmin(app, 'POST', `/admin/sagas/${body.jobId}/resolve`, order);
  expect(ended.status).toBe(200);
  const again = await syncWallet(app, uid, '?passive=true');
  expect([again.status, again.body.jobId]).toEqual([200, body.jobId]);
  expect(again.body).toMatchObject({ success: false, state: 'completed', data: null });
});
