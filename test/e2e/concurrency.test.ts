// Many at once: one bot asked for by everybody (I8), and many bots beside deposits on the same wallets, where
// not a cent may be lost or made (I2, I11).

import { type Collection, Decimal128, type Document } from 'mongodb';
import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  allOf,
  deleteBot,
  ownEntries,
  placeBot,
  userNamed,
} from '../support/deletions.ts';
import { allocation, putUser, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

it('50 parallel DELETEs of one bot and one after the end: one saga, one refund, one job, one entry', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'pooled');
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      n % 2 === 0 ? app.call(bot.uid, 'DELETE', `/bots/${bot.instanceId}`) : deleteBot(app, bot),
    ),
  );
  const late = await deleteBot(app, bot);

  const jobIds = new Set([...replies, late].map(({ body }) => body.jobId));
  expect(jobIds.size).toBe(1);
  expect(late.body).toMatchObject({ success: true, wallet: { returned: 110, newBalance: 160 } });
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 202]));
  expect(await allOf(app, 'sagas')).toHaveLength(1);
  expect(await ownEntries(app)).toHaveLength(1);
  expect(await allOf(app, 'tombstones')).toHaveLength(1);
  const user = await userNamed(app, bot.uid);
  expect(user.paperWallet.balance).toBe(160);
  expect(user.walletTransactions).toHaveLength(1);
});

it('wallets read while their bots are paid back and begun anew: the money in one place, never in none or two', async () => {
  const app = await startTestApplication();
  const bots = { 'uid-one-bot-1': allocation(100, 100) };
  await putUser(app.db, { firebaseUid: 'uid-one', balance: 50, bots });
  const set = (balance: number, botAllocations: Document) =>
    users(app.db).updateOne(
      { firebaseUid: 'uid-one' },
      { $set: { 'paperWallet.balance': balance, botAllocations } },
    );
  const seen = new Set<string>();
  const read = async () => {
    const { body } = await app.call('uid-one', 'GET', '/wallet');
    seen.add(`${body.balance} + ${body.totals.currentValue} in ${body.allocations.length}`);
  };
  let isWriting = true;
  const write = async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      await set(150, {});
      await set(50, bots);
    }
    isWriting = false;
  };
  const readOn = async () => {
    while (isWriting) await read();
  };
  await Promise.all([write(), readOn(), readOn()]);
  expect([...seen].toSorted()).toEqual(['150 + 0 in 0', '50 + 100 in 1']);
});

const USERS = 200;
const DEPOSITS_EACH = 5;
const DEPOSIT = 0.1;

it('200 bots deleted at once beside deposits on the same wallets: conserved to the last decimal', async () => {
  const app = await startTestApplication();
  const uids = Array.from({ length: USERS }, (_, n) => `uid-many-${n}`);
  const collection = users(app.db);
  await collection.insertMany(
    uids.map((firebaseUid, n) => ({
      firebaseUid,
      role: 'user',
      paperWallet: { balance: n / 100, currency: 'USD', lastUpdated: new Date(0) },
      walletTransactions: [],
      botAllocations: { [`${firebaseUid}-bot-1`]: allocation(100, 100 + n / 10 + 0.07) },
    })),
  );
  for (const uid of uids) {
    const instanceId = `${uid}-bot-1`;
    await app.world.addDedicated({ instanceId, labels: { userId: uid, instanceId } });
  }
  const before = await totalOf(collection, true);

  const accepting = uids.map((uid) => acceptDelete(app, { uid, instanceId: `${uid}-bot-1` }));
  const depositing = depositAll(collection, uids);
  const jobIds = await Promise.all(accepting);
  await depositing;
  await waitFor('all deletions to end', async () => {
    const open = await app.db.collection('sagas').countDocuments({ open: true });
    return open === 0;
  });
  const completed = { _id: { $in: jobIds as never[] }, 'state.phase': 'completed' };
  expect(await app.db.collection('sagas').countDocuments(completed)).toBe(USERS);

  const added = Decimal128.fromString(String(USERS * DEPOSITS_EACH * DEPOSIT));
  const after = await totalOf(collection, false);
  const [conserved] = await app.db
    .collection('users')
    .aggregate([
      { $limit: 1 },
      { $project: { is: { $eq: [{ $subtract: [after, before] }, added] } } },
    ])
    .toArray();
  expect(conserved?.is, `${before} before, ${after} after, ${added} deposited`).toBe(true);
  expect(await app.db.collection('ledger').countDocuments({ source: 'reclaim' })).toBe(USERS);
  expect(await collection.countDocuments({ botAllocations: { $ne: {} } })).toBe(0);
  expect((await app.world.snapshot()).dedicated).toEqual([]);
});

/** The platform: balance and row in one update of its own. */
async function depositAll(collection: Collection<Document>, uids: readonly string[]) {
  const row = { type: 'deposit', amount: DEPOSIT, timestamp: new Date() };
  const deposit: Document = {
    $inc: { 'paperWallet.balance': DEPOSIT },
    $push: { walletTransactions: row },
  };
  for (let round = 0; round < DEPOSITS_EACH; round += 1) {
    await Promise.all(uids.map((firebaseUid) => collection.updateOne({ firebaseUid }, deposit)));
  }
}

/** All balances, and what the bots hold if asked, added up in the database, as Decimal. */
async function totalOf(collection: Collection<Document>, isWithBots: boolean): Promise<Decimal128> {
  const held = {
    $sum: {
      $map: {
        input: { $objectToArray: '$botAllocations' },
        in: { $toDecimal: '$$this.v.currentValue' },
      },
    },
  };
  const balance = { $toDecimal: '$paperWallet.balance' };
  const [sum] = await collection
    .aggregate([
      { $group: { _id: null, total: { $sum: isWithBots ? { $add: [balance, held] } : balance } } },
    ])
    .toArray();
  return sum?.total;
}
