// The sweep of receipts that the ledger has held for a day, on receipts as settlements write them.

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toInstanceId, type UserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, incarnationOf, putUser, users } from '../support/users.ts';
import { lockCommand, settleCommand } from '../support/wallet-commands.ts';

const DAY_MS = 86_400_000;
const OLD = toInstanceId('uid-bot-1');
const UNPOSTED = toInstanceId('uid-bot-2');
const YOUNG = toInstanceId('uid-bot-3');

/** As if the settlement had been made two days ago. */
async function age(db: Db, userId: UserId, botId: string): Promise<void> {
  const past = new Date(Date.now() - 2 * DAY_MS);
  await users(db).updateOne(
    { 'ledgerState.settled.botId': botId, firebaseUid: `uid-${userId}` },
    { $set: { 'ledgerState.settled.$.timestamp': past } },
  );
}

describe('receipts in user documents', () => {
  it('held by the ledger for a day: dropped; younger, or not in the ledger: kept', async () => {
    const db = await createTestDatabase();
    const wallets = createMongoWallets({ db });
    const bots = Object.fromEntries([OLD, UNPOSTED, YOUNG].map((id) => [id, allocation(10, 11)]));
    const userId = await putUser(db, { balance: 1, bots });
    const opIds = new Map<string, string>();
    for (const instanceId of [OLD, UNPOSTED, YOUNG]) {
      const incarnation = incarnationOf(userId, instanceId);
      await wallets.lock(lockCommand(userId, { instanceId, incarnation }));
      const command = settleCommand(userId, { instanceId, incarnation });
      expect((await wallets.settle(command)).status).toBe('settled');
      opIds.set(instanceId, command.opId);
    }
    await age(db, userId, OLD);
    await age(db, userId, UNPOSTED);
    await db.collection<{ _id: string; postedAt: Date }>('ledger').insertMany([
      { _id: opIds.get(OLD) ?? '', postedAt: new Date(Date.now() - 2 * DAY_MS) },
      { _id: opIds.get(YOUNG) ?? '', postedAt: new Date() },
    ]);

    const dropped = await wallets.forgetSettled();

    expect(dropped).toBe(1);
    const user = await users(db).findOne({ firebaseUid: `uid-${userId}` });
    const left = user?.ledgerState.settled.map(({ botId }: { botId: string }) => botId);
    expect(left).toEqual([UNPOSTED, YOUNG]);
    expect(user?.ledgerState.seq).toBe(3);
  });

  it('600 users whose receipts were never posted, and one behind them: that one is dropped', async () => {
    const db = await createTestDatabase();
    await migrate(db);
    const past = new Date(Date.now() - 2 * DAY_MS);
    const withReceipt = (name: string, timestamp: Date) => ({
      firebaseUid: name,
      ledgerState: { settled: [{ opId: `op-${name}`, botId: 'b', timestamp }], seq: 1 },
    });
    const stuck = Array.from({ length: 600 }, (_, n) =>
      withReceipt(`stuck-${n}`, new Date(past.getTime() - 600_000 + n)),
    );
    await users(db).insertMany([...stuck, withReceipt('last', past)]);
    await db
      .collection<{ _id: string; postedAt: Date; opId: string }>('ledger')
      .insertOne({ _id: 'op-last', opId: 'op-last', postedAt: past });
    expect(await createMongoWallets({ db }).forgetSettled()).toBe(1);
    const last = await users(db).findOne({ firebaseUid: 'last' });
    expect(last?.ledgerState.settled).toEqual([]);
    expect(await users(db).countDocuments({ 'ledgerState.settled.0': { $exists: true } })).toBe(
      600,
    );
  });
});
