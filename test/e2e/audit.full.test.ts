// The audit in the running application: after a deletion, and over HTTP (I11).

import { expect, it } from 'vitest';
import { readMetrics, startTestApplication } from '../support/application.ts';
import { deleteBot, placeBot } from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

it("a deletion ends: its user's books are checked a moment later, and the metrics are there", async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'pooled');
  await deleteBot(app, bot);
  const checkpoint = await waitFor('the audit', async () => {
    const found = await app.db.collection('auditCheckpoints').findOne({ seq: 1 });
    return found ?? undefined;
  });
  const user = await app.db.collection('users').findOne({ firebaseUid: bot.uid });
  expect(checkpoint._id).toEqual(String(user?._id));
  expect(String(checkpoint.balance)).toBe(String(user?.paperWallet.balance));
  expect(await app.db.collection('findings').countDocuments()).toBe(0);
  const metrics = await readMetrics(app);
  for (const name of ['audit_differences_total 0', 'audit_users', 'audit_last_run']) {
    expect(metrics).toContain(name);
  }
});
