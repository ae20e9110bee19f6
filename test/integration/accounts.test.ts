// Users as a page shows them, and the demo's users as they come in.

import type { Db, Document } from 'mongodb';
import { expect, it } from 'vitest';
import { toFirebaseUid, toUserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoAccounts } from '../../src/wallet/mongodb/accounts.ts';
import { parseUserDump, seedUsers } from '../../src/wallet/mongodb/seed-users.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, BOT, INCARNATION, putUser, SAGA_A, users } from '../support/users.ts';
import { lockCommand } from '../support/wallet-commands.ts';

async function setUp(user: Parameters<typeof putUser>[1]) {
  const db = await createTestDatabase();
  const userId = await putUser(db, user);
  return { db, userId, accounts: createMongoAccounts(db) };
}

it('found by _id and by firebaseUid: the same account, with the lock of a saga', async () => {
  const { db, userId, accounts } = await setUp({
    balance: 12.5,
    bots: { [BOT]: allocation(100, 120), 'a.b': allocation(1, undefined) },
    firebaseUid: 'uid-x',
  });
  await createMongoWallets({ db }).lock(lockCommand(userId));
  const account = await accounts.find({ userId });
  expect(account).toEqual({
    unreadableBots: [],
    userId,
    firebaseUid: 'uid-x',
    balance: 12.5,
    currency: 'USD',
    lastUpdated: '2026-11-01T00:00:00.000Z',
    allocations: [
      {
        instanceId: BOT,
        botName: 'Bot 1',
        allocatedAmount: 100,
        currentValue: 120,
        allocatedAt: INCARNATION,
        lockedBy: { sagaId: SAGA_A, aborting: false },
      },
      expect.objectContaining({ instanceId: 'a.b', currentValue: null }),
    ],
  });
  expect(await accounts.find({ firebaseUid: toFirebaseUid('uid-x') })).toEqual(account);
  expect(await accounts.find({ firebaseUid: toFirebaseUid('nobody') })).toBeNull();
});

it('values that are not money: shown as they stand', async () => {
  const { userId, accounts } = await setUp({
    balance: Number.NaN,
    bots: { [BOT]: allocation(50, '61.5', { allocatedAt: 'yesterday' }), broken: 7 },
  });
  expect(await accounts.find({ userId })).toMatchObject({
    balance: 'NaN',
    allocations: [
      { currentValue: '61.5', allocatedAt: 'yesterday' },
      { instanceId: 'broken', allocatedAmount: null },
    ],
  });
});

it('a user from before wallets: no balance, no bots', async () => {
  const db = await createTestDatabase();
  const accounts = createMongoAccounts(db);
  const { insertedId } = await users(db).insertOne({ firebaseUid: 'uid-legacy' });
  const userId = toUserId(String(insertedId));
  expect(await accounts.find({ userId })).toMatchObject({ balance: null, allocations: [] });
});

const DUMP = `
{"_id":{"$oid":"000000000000000000000007"},"firebaseUid":"uid-bad","paperWallet":{"balance":77},"botAllocations":{"b.1":{"allocatedAmount":50,"currentValue":"61.5","allocatedAt":{"$date":"2026-10-02T09:30:00Z"}}}}

{"_id":{"$oid":"000000000000000000000009"},"firebaseUid":"uid-legacy"}
`;

it('seeded by two processes at once: every document once, broken ones too; never again', async () => {
  const db = await createTestDatabase();
  await migrate(db);
  const documents = parseUserDump(DUMP);
  const seeded = await Promise.all([seedUsers(db, documents), seedUsers(db, documents)]);
  expect(seeded.reduce((sum, count) => sum + count)).toBe(2);
  expect(await dump(db)).toEqual(documents);
  await users(db).deleteOne({ firebaseUid: 'uid-legacy' });
  expect(await seedUsers(db, documents)).toBe(0);
});

it('a dump that is cut off: an error that names the line, nothing seeded', () => {
  expect(() => parseUserDump(`${DUMP}{"_id":`)).toThrow(/line 5 /);
});

const dump = (db: Db): Promise<Document[]> => users(db).find().sort({ _id: 1 }).toArray();
