// A bot whose container is removed by its stop (`docker run --rm`), and one that somebody else removes: what cannot be put
// back is never called undone (I6).

import { expect, it } from 'vitest';
import { dedicatedKey, worldCollection } from '../../src/bots/simulator/world-documents.ts';
import { problemOf, startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  deleteThatCannotStop,
  injectFaults,
  jobIn,
  placeBot,
  userNamed,
} from '../support/deletions.ts';

const cancelPath = (jobId: string) => `/jobs/${jobId}/cancel`;

it('cancelled while it stops: refused, and the job finishes forward', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated', { isAutoRemoved: true });
  const jobId = await deleteThatCannotStop(app, bot);

  const cancel = await app.call(bot.uid, 'POST', cancelPath(jobId));
  await injectFaults(app, bot, null);

  expect(problemOf(cancel)).toBe('409 too-late-to-cancel');
  const job = await jobIn(app, bot.uid, jobId, 'completed');
  expect(job).toMatchObject({ warnings: [], result: { wallet: { returned: 110 } } });
  expect((await app.world.snapshot()).dedicated).toEqual([]);
});

it('cancelled before its stop begins: cancelled, and the bot runs on', async () => {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const bot = await placeBot(app, 'dedicated', { isAutoRemoved: true });
  const jobId = await acceptDelete(app, bot);
  expect((await app.call(bot.uid, 'POST', cancelPath(jobId))).status).toBe(202);
  expect((await app.world.snapshot()).dedicated).toMatchObject([{ running: true }]);
});

it('restore: it is not called restored; it is stuck, and an operator sends it on', async () => {
  const env = { ON_STOP_FAILURE: 'restore', STOP_TIMEOUT_MS: '1000' };
  const app = await startTestApplication({ env });
  const bot = await placeBot(app, 'dedicated', { isAutoRemoved: true });
  await injectFaults(app, bot, { refuseStop: true });
  const { body } = await deleteBot(app, bot);
  expect(body.state).toBe('stuck');
  const stuck = await jobIn(app, bot.uid, body.jobId, 'stuck');
  expect(stuck.error).toMatchObject({ class: 'hold', code: 'STOP_FAILED' });
  const refused = await app.call(bot.uid, 'POST', cancelPath(body.jobId));
  expect(refused.status).toBe(409);
  await injectFaults(app, bot, null);
  await app.services.sagas.order(body.jobId, { verb: 'retry', by: 'admin:test', reason: 'mended' });
  await jobIn(app, bot.uid, body.jobId, 'completed');
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
});

it('somebody removes a stopped bot, and its owner cancels: undone with a warning, and paid by the next sync', async () => {
  const env = { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '500', SYNC_CONFIRM_SECONDS: '0' };
  const app = await startTestApplication({ env: { ...env, SYNC_YOUNG_SECONDS: '0' } });
  const bot = await placeBot(app, 'dedicated');
  await placeBot(app, 'dedicated', { uid: 'uid-other' });
  await injectFaults(app, bot, { refuseStop: true });
  const { body } = await deleteBot(app, bot);
  await jobIn(app, bot.uid, body.jobId, 'stuck');
  const gone = { _id: dedicatedKey(bot.instanceId) };
  await worldCollection(app.db).deleteOne(gone);

  expect((await app.call(bot.uid, 'POST', cancelPath(body.jobId))).status).toBe(202);
  const job = await jobIn(app, bot.uid, body.jobId, 'compensated');
  expect(job.warnings).toMatchObject([{ code: 'bot-not-restored' }]);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(50);
  const synced = await app.call(bot.uid, 'POST', '/sync-wallet', { prefer: 'wait=30' });
  expect(synced.body.data).toMatchObject({ totalReturned: 110, newWalletBalance: 160 });
});
