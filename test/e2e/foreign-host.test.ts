// A host that has never shown a bot, and shows none now, while there is money in bots: the wrong daemon, perhaps. It is
// unknown on every road to money, until an administrator says that it is empty.

import { expect, it } from 'vitest';
import { NO_POOLS } from '../fakes/pool-states.ts';
import { asAdmin } from '../support/admin.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  deleteBot,
  type PlacedBot,
  placeBot,
  readPoolState,
  standingTombstones,
} from '../support/deletions.ts';
import { orphanOf, returnedBy, skippedOf, startSync, syncWallet } from '../support/syncs.ts';
import { putUser, readUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const start = () => startTestApplication({ areHostsKnown: false, poolState: NO_POOLS });

async function balanceOf(app: TestApplication, { userId }: PlacedBot): Promise<unknown> {
  return (await readUser(app.db, userId)).paperWallet.balance;
}

const confirm = (app: TestApplication) =>
  asAdmin(app, 'POST', '/admin/hosts/simulated/confirm', { reason: 'it is new' });

async function allEnded(app: TestApplication): Promise<void> {
  await waitFor('every saga to end', async () => {
    return (await app.db.collection('sagas').countDocuments({ open: true })) === 0;
  });
}

it('a button, a page, a run over all users, forced: unknown, nothing moves; confirmed: paid', async () => {
  const app = await start();
  const bot = await orphanOf(app, 'uid-one');
  expect(skippedOf(await syncWallet(app, bot.uid))).toEqual({ [bot.instanceId]: 'unknown' });
  const { body } = await app.call(bot.uid, 'GET', '/bots');
  expect(body.bots).toMatchObject([{ instanceId: bot.instanceId, verdict: 'unknown' }]);
  await startSync(app, bot.uid, '?passive=true');
  await asAdmin(app, 'POST', '/admin/sync-all?force=true');
  await allEnded(app);
  expect(await balanceOf(app, bot)).toBe(50);

  expect((await confirm(app)).status).toBe(200);
  expect(returnedBy(await syncWallet(app, bot.uid))).toEqual({ [bot.instanceId]: 110 });
});

it('a DELETE: paid, because its owner decides, with a warning; its tombstone stands until the host is confirmed', async () => {
  const app = await start();
  const bot = await orphanOf(app, 'uid-one');
  const { body } = await deleteBot(app, bot);
  expect(body).toMatchObject({ success: true, wallet: { returned: 110 } });
  expect(body.warnings).toHaveLength(1);
  const tombstone = async () => (await standingTombstones(app))[0]?.status;
  expect(await tombstone()).toBe('settled');
  expect((await confirm(app)).status).toBe(200);
  await waitFor('the tombstone to end', async () => (await tombstone()) === 'ended');
});

it('a DELETE of a bot that nobody knows: not called absent', async () => {
  const app = await start();
  const { uid } = await orphanOf(app, 'uid-one');
  expect((await deleteBot(app, { uid, instanceId: 'uid-one-bot-9' })).status).toBe(503);
});

it('a host whose only bot was deleted by us: no stranger', async () => {
  const app = await start();
  const first = await placeBot(app, 'dedicated');
  expect((await deleteBot(app, first)).body.success).toBe(true);
  const orphan = await orphanOf(app, 'uid-two');
  expect(returnedBy(await syncWallet(app, orphan.uid))).toEqual({ [orphan.instanceId]: 110 });
});

it('a first start with neither a file nor allocations: the file is made, and a sync has nothing to doubt', async () => {
  const app = await startTestApplication({ areHostsKnown: false });
  await putUser(app.db, { balance: 50, bots: {}, firebaseUid: 'uid-one' });
  const { status, body } = await syncWallet(app, 'uid-one');
  expect({ status, message: body.message }).toEqual({
    status: 200,
    message: 'Wallet is in sync with running bots',
  });
  expect((await readPoolState(app)).botMapping).toEqual({});
});
