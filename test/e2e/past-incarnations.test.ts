// A bot that was deleted and paid, whose receipt is forgotten after a day, and whose undated allocation the platform
// puts back. I2: however it is asked for, and whatever became of the row, nothing is paid a second time.

import type { Document } from 'mongodb';
import { expect, it } from 'vitest';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, ownEntries, userNamed } from '../support/deletions.ts';
import { skippedOf, syncWallet } from '../support/syncs.ts';
import { allocation, platformSets, putUser, users } from '../support/users.ts';

const UID = 'uid-old';
const BOT_ID = `${UID}-bot-2`;
const TWO_DAYS_MS = 2 * 86_400_000;

type RowsAfter = (now: Document[], before: Document[]) => Document[];

const erased: RowsAfter = (_now, before) => before;
// What a save of the whole list by the platform's schema leaves of a row of ours.
const stripped: RowsAfter = (now) => now.map(({ opId: _opId, seq: _seq, ...row }) => row);

/** 110 came back to a balance of 160; two days later the platform saves its old map, and its list. */
async function putBackLater(app: TestApplication, rowsAfter: RowsAfter): Promise<void> {
  const bots = { [BOT_ID]: allocation(100, 110, { allocatedAt: undefined }) };
  const userId = await putUser(app.db, { balance: 50, bots, firebaseUid: UID });
  const labels = { instanceId: BOT_ID, userId: UID };
  await app.world.addDedicated({ instanceId: BOT_ID, labels, running: true });
  const before = await userNamed(app, UID);
  const { body } = await deleteBot(app, { uid: UID, instanceId: BOT_ID });
  expect(body.wallet).toMatchObject({ returned: 110, newBalance: 160 });
  const old = new Date(Date.now() - TWO_DAYS_MS);
  await app.db.collection('ledger').updateMany({}, { $set: { postedAt: old, at: old } });
  await users(app.db).updateOne(
    { firebaseUid: UID },
    { $set: { 'ledgerState.settled.$[].timestamp': old } },
  );
  expect(await createMongoWallets(app).forgetSettled()).toBe(1);
  const now = await userNamed(app, UID);
  await platformSets(app.db, userId, {
    botAllocations: before.botAllocations,
    walletTransactions: rowsAfter(now.walletTransactions, before.walletTransactions),
  });
}

async function expectPaidOnce(app: TestApplication): Promise<void> {
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(160);
  expect(await ownEntries(app)).toHaveLength(1);
  const { body } = await asAdmin(app, 'GET', '/admin/findings?kind=resurrected');
  expect(body.findings).toHaveLength(1);
  expect(body.findings[0]).toMatchObject({ instanceId: BOT_ID, discriminator: 'undated' });
}

it('its row stripped of our fields, the wallet synchronised: nothing is paid, one finding', async () => {
  const app = await startTestApplication({ env: { SYNC_YOUNG_SECONDS: '0' } });
  await putBackLater(app, stripped);
  for (let n = 0; n < 2; n += 1) {
    const reply = await syncWallet(app, UID);
    expect(reply.body.data).toMatchObject({ cleanedBots: [], totalReturned: 0 });
    expect(skippedOf(reply)).toEqual({ [BOT_ID]: 'settled' });
  }
  await expectPaidOnce(app);
});

it('its row erased, its job forgotten, deleted again: refused, and the operator removes it', async () => {
  const app = await startTestApplication();
  await putBackLater(app, erased);
  await app.db.collection('sagas').deleteMany({});
  const again = await deleteBot(app, { uid: UID, instanceId: BOT_ID });
  expect(again.body).toMatchObject({ success: false, wallet: null });
  await syncWallet(app, UID);
  await expectPaidOnce(app);
  const { body } = await asAdmin(app, 'GET', '/admin/findings?kind=resurrected');
  const decision = { action: 'remove', reason: 'paid two days ago' };
  const path = `/admin/findings/${body.findings[0].id}/resolve`;
  expect((await asAdmin(app, 'POST', path, decision)).status).toBe(200);
  const user = await userNamed(app, UID);
  expect(user.botAllocations).toEqual({});
  expect(user.paperWallet.balance).toBe(160);
});
