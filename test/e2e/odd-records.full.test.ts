// One user whose document is odd: a run over all users goes on without them and says so; their own requests get a clear
// problem; nobody's money moves because of it (I3, I4).

import { expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, ownEntries, poolStateOf, userNamed } from '../support/deletions.ts';
import { orphanOf } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const ODD = 'uid-live';

/** Its `_id` is a text, as of a user that was copied by hand. */
async function putOddUser(app: TestApplication): Promise<void> {
  await putUser(app.db, {
    firebaseUid: ODD,
    balance: 50,
    bots: { 'uid-live-bot-1': allocation(100, 110), 'me@x.org-bot-1': allocation(10, 10) },
  });
  const users = app.db.collection('users');
  const user = await users.findOneAndDelete({ firebaseUid: ODD });
  if (user === null) throw new Error('no user');
  await users.insertOne({ ...user, _id: 'copied-by-hand' as never });
}

async function runOverAll(app: TestApplication) {
  const { status, body } = await asAdmin(app, 'POST', '/admin/sync-all');
  expect(status).toBe(202);
  return waitFor('the run to end', async () => {
    const job = (await asAdmin(app, 'GET', `/jobs/${body.jobId}`)).body;
    return job.state === 'completed' && job;
  });
}

it('a user whose _id is a text: the run over all ends and pays the others; a finding names the record', async () => {
  const app = await startTestApplication({ poolState: poolStateOf(ODD) });
  await putOddUser(app);
  const bot = await orphanOf(app, 'uid-whole');
  await app.world.addPooled({
    instanceId: 'uid-live-bot-1',
    containerName: `freqtrade-pool-${ODD}-pool-1`,
  });
  const job = await runOverAll(app);
  expect(job.result).toMatchObject({ users: 1, unreadableUsers: 1 });
  await waitFor('the orphan to be paid', async () => (await ownEntries(app)).length === 1);
  expect((await userNamed(app, bot.uid)).botAllocations).toEqual({});
  const odd = await app.db.collection('users').findOne({ firebaseUid: ODD });
  expect([odd?.paperWallet.balance, Object.keys(odd?.botAllocations).length]).toEqual([50, 2]);
  expect((await app.world.snapshot()).pooled).toHaveLength(1);
  const { body } = await asAdmin(app, 'GET', '/admin/findings?kind=constraint-violation');
  expect(JSON.stringify(body)).toContain('copied-by-hand');
  expect((await runOverAll(app)).result).toMatchObject({ users: 0 });
});

it('that user: a clear problem everywhere, never 500', async () => {
  const app = await startTestApplication();
  await putOddUser(app);
  const replies = [
    await app.call(ODD, 'GET', '/bots'),
    await app.call(ODD, 'GET', '/wallet'),
    await app.call(ODD, 'POST', '/sync-wallet'),
    await deleteBot(app, { uid: ODD, instanceId: 'uid-live-bot-1' }),
  ];
  for (const { status, body } of replies) {
    expect([status, body.type]).toEqual([409, 'urn:reclaim:problem:unusable-account']);
  }
});
