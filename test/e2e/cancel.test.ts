// Cancelling a deletion, decided by one conditional write against the pivot (I6): before it everything is as
// it was, after it the job finishes forward.

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobAt,
  jobIn,
  outsideState,
  placeBot,
} from '../support/deletions.ts';

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
