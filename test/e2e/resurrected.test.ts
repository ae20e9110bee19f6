// An allocation that a stale save put back after its bot was deleted and paid, and what an administrator does
// about it. I2: whatever is decided, and by how many at once, no incarnation is paid twice.

import type { Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import { resurrected } from '../../src/findings/findings.ts';
import { createMongoFindings } from '../../src/findings/mongo-findings.ts';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobIn,
  ownEntries,
  type PlacedBot,
  placeBot,
  userNamed,
} from '../support/deletions.ts';
import { byId, INCARNATION, platformSets, users } from '../support/users.ts';

async function openFindings(app: TestApplication, query = ''): Promise<Document[]> {
  const { status, body } = await asAdmin(app, 'GET', `/admin/findings${query}`);
  expect(status).toBe(200);
  return body.findings;
}

const resolve = (app: TestApplication, id: string, action: string, name = 'ann') =>
  asAdmin(app, 'POST', `/admin/findings/${id}/resolve`, { action, reason: 'observed it' }, name);

/** A bot of 110 that was deleted and paid to a balance of 160; the platform's stale save put its allocation
 * back, and the user's next DELETE was answered with the old job and reported it. */
async function resurrect(
  app: TestApplication,
): Promise<PlacedBot & { readonly jobId: string; readonly findingId: string }> {
  const bot = await placeBot(app, 'dedicated');
  const { botAllocations } = await userNamed(app, bot.uid);
  const { body } = await deleteBot(app, bot);
  expect(body.wallet).toMatchObject({ returned: 110, newBalance: 160 });
  await platformSets(app.db, bot.userId, { botAllocations });
  const again = await deleteBot(app, bot);
  expect(again.body).toMatchObject({ success: true, jobId: body.jobId });
  const [finding, ...others] = await openFindings(app);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    kind: 'resurrected',
    userId: bot.userId,
    instanceId: bot.instanceId,
    status: 'open',
  });
  return { ...bot, jobId: body.jobId, findingId: finding?.id };
}

describe('a resurrected allocation', () => {
  it('removed: gone from the wallet, nothing paid, the decision stays on record', async () => {
    const app = await startTestApplication();
    const bot = await resurrect(app);
    const { status, body } = await resolve(app, bot.findingId, 'remove');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: bot.findingId,
      status: 'resolved',
      resolution: { action: 'remove', reason: 'observed it', by: 'admin:ann' },
    });
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations).toEqual({});
    expect(user.paperWallet.balance).toBe(160);
    expect(await ownEntries(app)).toHaveLength(1);
    expect(await openFindings(app)).toEqual([]);
    const late = await resolve(app, bot.findingId, 'remove', 'bob');
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({
      type: 'urn:reclaim:problem:finding-resolved',
      resolution: { by: 'admin:ann' },
    });
    expect((await deleteBot(app, bot)).body.jobId).toBe(bot.jobId);
  });

  it('accepted as new, then deleted: paid once more, as the new incarnation it is, and never again', async () => {
    const app = await startTestApplication();
    const bot = await resurrect(app);
    expect((await resolve(app, bot.findingId, 'accept-as-new')).status).toBe(200);
    const accepted = await userNamed(app, bot.uid);
    expect(accepted.paperWallet.balance).toBe(160);
    expect(accepted.botAllocations[bot.instanceId]).not.toHaveProperty('lockedBy');

    const second = await deleteBot(app, bot);
    expect(second.body.jobId).not.toBe(bot.jobId);
    expect(second.body.wallet).toMatchObject({ returned: 110, newBalance: 270 });
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations).toEqual({});
    expect(user.paperWallet.balance).toBe(270);
    const ledger = await ownEntries(app);
    expect(new Set(ledger.map(({ opId }) => opId)).size).toBe(2);
    const incarnations = (await allOf(app, 'tombstones')).map(({ incarnationId }) => incarnationId);
    expect(new Set(incarnations).size).toBe(2);

    const third = await deleteBot(app, bot);
    expect(third.body.jobId).toBe(second.body.jobId);
    expect(await openFindings(app)).toEqual([]);
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(270);
  });

  it('the whole stale document was saved, the refund went back with it: accepted, then paid for good', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const stale = await userNamed(app, bot.uid);
    await deleteBot(app, bot);
    await users(app.db).replaceOne({ _id: stale._id }, stale);
    await deleteBot(app, bot);
    const [finding] = await openFindings(app, '?kind=resurrected');
    expect((await resolve(app, finding?.id, 'accept-as-new')).status).toBe(200);
    const { body } = await deleteBot(app, bot);
    expect(body.wallet).toMatchObject({ returned: 110, newBalance: 160 });
    expect((await userNamed(app, bot.uid)).botAllocations).toEqual({});
  });

  it('removed, and put back once more: the same finding, open again', async () => {
    const app = await startTestApplication();
    const bot = await resurrect(app);
    const { botAllocations } = await userNamed(app, bot.uid);
    await resolve(app, bot.findingId, 'remove');
    await platformSets(app.db, bot.userId, { botAllocations });
    await deleteBot(app, bot);
    const [finding] = await openFindings(app, `?userId=${bot.userId}`);
    expect(finding).toMatchObject({
      id: bot.findingId,
      resolution: null,
      earlier: [{ action: 'remove', by: 'admin:ann' }],
    });
    expect((await resolve(app, bot.findingId, 'remove')).status).toBe(200);
  });

  it('a copy from under the lock: the lock of a job that is over holds nothing', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const jobId = await deleteThatCannotStop(app, bot);
    const { botAllocations } = await userNamed(app, bot.uid);
    await injectFaults(app, bot, null);
    await jobIn(app, bot.uid, jobId, 'completed');
    expect(botAllocations[bot.instanceId].lockedBy).toMatchObject({ sagaId: jobId });
    await platformSets(app.db, bot.userId, { botAllocations });
    await deleteBot(app, bot);
    const [finding] = await openFindings(app);
    expect((await resolve(app, finding?.id, 'accept-as-new')).status).toBe(200);
    expect((await deleteBot(app, bot)).body.wallet).toMatchObject({ newBalance: 270 });
  });

  it('an undated copy, asked for three times: one finding; removed by it', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const path = `botAllocations.${bot.instanceId}.allocatedAt`;
    await users(app.db).updateOne(byId(bot.userId), { $unset: { [path]: 1 } });
    const { botAllocations } = await userNamed(app, bot.uid);
    expect((await deleteBot(app, bot)).body.wallet).toMatchObject({ newBalance: 160 });
    await platformSets(app.db, bot.userId, { botAllocations });
    await deleteBot(app, bot);
    // The log forgets in time: then each request is a saga of its own, which finds that it was paid.
    await app.db.collection('sagas').deleteMany({});
    for (let n = 0; n < 2; n += 1) expect((await deleteBot(app, bot)).body.success).toBe(false);
    const [finding, ...others] = await openFindings(app);
    expect(others).toEqual([]);
    expect((await resolve(app, finding?.id, 'remove')).status).toBe(200);
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations).toEqual({});
    expect(user.paperWallet.balance).toBe(160);
  });

  it('a job holds the bot: 409 with its id, the wallet as it was', async () => {
    const app = await startTestApplication();
    const bot = await resurrect(app);
    await resolve(app, bot.findingId, 'accept-as-new');
    await app.db
      .collection('findings')
      .updateOne({ kind: 'resurrected' }, { $set: { status: 'open' }, $unset: { resolution: 1 } });
    await app.world.addDedicated({
      instanceId: bot.instanceId,
      labels: { instanceId: bot.instanceId, userId: bot.uid },
      running: true,
    });
    const jobId = await deleteThatCannotStop(app, bot);
    const before = await userNamed(app, bot.uid);
    for (const action of ['remove', 'accept-as-new']) {
      const { status, body } = await resolve(app, bot.findingId, action);
      expect(status).toBe(409);
      expect(body).toMatchObject({ type: 'urn:reclaim:problem:bot-busy', jobId });
    }
    expect(await userNamed(app, bot.uid)).toEqual(before);
    await injectFaults(app, bot, null);
    await jobIn(app, bot.uid, jobId, 'completed');
  });

  it('its job closed by an operator, nothing paid, then put back: a DELETE pays it, once, and says so', async () => {
    const app = await startTestApplication({ env: { ON_STOP_FAILURE: 'hold' } });
    const bot = await placeBot(app, 'dedicated');
    const { botAllocations } = await userNamed(app, bot.uid);
    const jobId = await deleteThatCannotStop(app, bot);
    await platformSets(app.db, bot.userId, { botAllocations: {} });
    await injectFaults(app, bot, null);
    const stuck = await jobIn(app, bot.uid, jobId, 'stuck');
    expect(stuck.error).toMatchObject({ code: 'ALLOCATION_VANISHED' });
    const decision = { reason: 'the bot is gone', outcome: 'completed', evidence: 'looked' };
    const resolved = await asAdmin(app, 'POST', `/admin/sagas/${jobId}/resolve`, decision);
    expect(resolved.status).toBe(200);
    await platformSets(app.db, bot.userId, { botAllocations });
    const again = await deleteBot(app, bot);
    expect(again.body).toMatchObject({ success: true, wallet: { returned: 110, newBalance: 160 } });
    expect(again.body.jobId).not.toBe(jobId);
    const user = await userNamed(app, bot.uid);
    expect(user.botAllocations).toEqual({});
    expect(user.paperWallet.balance).toBe(160);
    expect(await openFindings(app)).toEqual([]);
  });

  it('reported, but never settled: not removed, accepted as it stands, paid once by its deletion', async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, 'dedicated');
    const instanceId = toInstanceId(bot.instanceId);
    const finding = {
      userId: bot.userId,
      instanceId,
      incarnationId: INCARNATION,
      settledBy: 'del-closed',
    };
    await createMongoFindings(app.db).report(resurrected(finding));
    const [reported] = await openFindings(app);
    const before = await userNamed(app, bot.uid);
    const refused = await resolve(app, reported?.id, 'remove');
    expect(refused.body).toMatchObject({ type: 'urn:reclaim:problem:not-settled' });
    expect((await resolve(app, reported?.id, 'accept-as-new')).status).toBe(200);
    expect(await userNamed(app, bot.uid)).toEqual(before);
    expect(await openFindings(app)).toEqual([]);
    expect((await deleteBot(app, bot)).body.wallet).toMatchObject({ newBalance: 160 });
  });

  it('ten administrators at once, five for each way: one decides, nine get 409, paid at most once more', async () => {
    const app = await startTestApplication();
    const bot = await resurrect(app);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        resolve(app, bot.findingId, n % 2 === 0 ? 'remove' : 'accept-as-new', `admin-${n}`),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    const { resolution } = answers.find(({ status }) => status === 200)?.body ?? {};
    const user = await userNamed(app, bot.uid);
    const isThere = Object.hasOwn(user.botAllocations, bot.instanceId);
    expect(resolution.action).toBe(isThere ? 'accept-as-new' : 'remove');
    await deleteBot(app, bot);
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(isThere ? 270 : 160);
  });
});
