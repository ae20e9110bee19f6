// The end of the API: who waits for an answer gets it, and holds up nothing afterwards.

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { deleteBot, deleteThatCannotStop, placeBot } from '../support/deletions.ts';

it('a client that waits, with a connection that it keeps: answered, and the stop ends', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  const jobId = await deleteThatCannotStop(app, bot);
  const waiting = deleteBot(app, bot);
  // Later than the request that waits: that one is inside by now.
  await app.call(bot.uid, 'GET', `/jobs/${jobId}`);
  await app.stop();
  expect(await waiting).toMatchObject({ status: 202, body: { jobId } });
});
