// Cancelling a deletion, decided by one conditional write against the pivot (I6): before it everything is as
// it was, after it the job finishes forward.

import { expect, it } from 'vitest';
import { problemOf, startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobAt,
  jobIn,
  outsideState,
  ownEntries,
  placeBot,
} from '../support/deletions.ts';
import { putUser } from '../support/users.ts';

const RETRY = { verb: 'retry', by: 'admin:test', reason: 'mended' } as const;

const cancelPath = (jobId: string) => `/jobs/${jobId}/cancel`;

it('before any worker has begun: cancelled, nothing was touched', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const bot = await placeBot(app, 'pooled');
  const before = await outsideState(app);
  const jobId = await acceptDelete(app, bot);
  const cancelled = await app.call(bot.uid, 'POST', cancelPath(jobId));
  expect([cancelled.status, cancelled.body.state]).toEqual([202, 'cancelled']);
  expect(await outsideState(app)).toEqual(before);
  // Cancelling again says the same; a new DELETE is a new saga.
  expect((await app.call(bot.uid, 'POST', cancelPath(jobId))).status).toBe(202);
  expect(await acceptDelete(app, bot)).not.toBe(jobId);
});

for (const kind of ['dedicated', 'pooled'] as const) {
  it(`${kind} bot, while it is being stopped: compensated, everything exactly as before`, async () => {
    const app = await startTestApplication();
    const bot = await placeBot(app, kind);
    await injectFaults(app, bot, { refuseStop: true });
    const before = await outsideState(app);
    const jobId = await acceptDelete(app, bot);
    await jobAt(app, bot.uid, jobId, 'stop-container');
    expect((await app.call(bot.uid, 'POST', cancelPath(jobId))).status).toBe(202);
    const job = await jobIn(app, bot.uid, jobId, 'compensated');
    expect(job.error).toMatchObject({ code: 'CANCELLED' });
    expect(await outsideState(app)).toEqual(before);

    await injectFaults(app, bot, null);
    const again = await deleteBot(app, bot);
    expect(again.body.success).toBe(true);
    expect(again.body.jobId).not.toBe(jobId);
  });
}

it('after the end: 409, and the money stays where it went', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  const { jobId } = (await deleteBot(app, bot)).body;
  const late = await app.call(bot.uid, 'POST', cancelPath(jobId));
  expect(problemOf(late)).toBe('409 too-late-to-cancel');
  expect(late.body.jobId).toBe(jobId);
  expect(await ownEntries(app)).toHaveLength(1);
});

it('in the pivot, which does not get on: 409, and the job finishes forward', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  const balance = 'paperWallet.balance';
  const jobId = await deleteThatCannotStop(app, bot);
  const users = app.db.collection('users');
  const past = { bypassDocumentValidation: true };
  await users.updateOne({ firebaseUid: bot.uid }, { $set: { [balance]: 'fifty' } }, past);
  await injectFaults(app, bot, null);
  const job = await jobIn(app, bot.uid, jobId, 'stuck');
  expect(job.error).toMatchObject({ code: 'NOT_MONEY', step: 'refund-wallet' });
  expect((await app.call(bot.uid, 'POST', cancelPath(jobId))).status).toBe(409);
  await users.updateOne({ firebaseUid: bot.uid }, { $set: { [balance]: 50 } }, past);
  await app.services.sagas.order(job.jobId, RETRY);
  const done = await jobIn(app, bot.uid, jobId, 'completed');
  expect(done.result.wallet).toMatchObject({ returned: 110, newBalance: 160 });
});

it("somebody else's job: 404 to see and to cancel, and it goes on", async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  await putUser(app.db, { firebaseUid: 'uid-other', balance: 0, bots: {} });
  await injectFaults(app, bot, { refuseStop: true });
  const jobId = await acceptDelete(app, bot);
  for (const [method, path] of [
    ['GET', `/jobs/${jobId}`],
    ['POST', cancelPath(jobId)],
  ] as const) {
    const reply = await app.call('uid-other', method, path);
    expect(problemOf(reply)).toBe('404 job-not-found');
  }
  expect((await app.call('uid-other', 'GET', '/jobs')).body.jobs).toEqual([]);
  await injectFaults(app, bot, null);
  await jobIn(app, bot.uid, jobId, 'completed');
});
