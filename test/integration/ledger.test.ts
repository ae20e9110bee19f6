import { expect, it } from 'vitest';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { describeLedger } from '../contracts/ledger.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, BOT, byId, putUser, SAGA_A, users } from '../support/users.ts';
import { pay, settleCommand } from '../support/wallet-commands.ts';

describeLedger('MongoLedger', (db) => createMongoLedger({ db }));

it('stored as int64 cents, Decimal128 and database time', async () => {
  const db = await createTestDatabase();
  await migrate(db);
  const wallets = createMongoWallets({ db });
  const ledger = createMongoLedger({ db });
  const bots = { [BOT]: allocation(2, 2.675) };
  const userId = await putUser(db, { balance: 1, bots });
  const receipt = await pay(wallets, userId);
  await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
  const [types] = await users(db)
    .aggregate([
      {
        $lookup: { from: 'ledger', pipeline: [], as: 'entry' },
      },
      { $unwind: '$entry' },
      {
        $project: {
          _id: 0,
          amountMinor: { $type: '$entry.amountMinor' },
          exactValue: { $type: '$entry.exactValue' },
          amount: { $type: '$entry.amount' },
          at: { $type: '$entry.at' },
          postedAt: { $type: '$entry.postedAt' },
          scale: '$entry.scale',
          incarnationId: '$entry.incarnationId',
          pnlMinor: '$entry.pnlMinor',
          text: { $toString: '$entry.exactValue' },
        },
      },
    ])
    .toArray();
  expect(types).toEqual({
    amountMinor: 'long',
    exactValue: 'decimal',
    amount: 'double',
    at: 'date',
    postedAt: 'date',
    scale: 2,
    incarnationId: receipt.incarnationId,
    pnlMinor: 68,
    text: '2.675',
  });
});

it('a legacy writer erased the row and our field: the ledger still proves the payment', async () => {
  const db = await createTestDatabase();
  const wallets = createMongoWallets({ db });
  const ledger = createMongoLedger({ db });
  const bots = { [BOT]: allocation(100, 120) };
  const userId = await putUser(db, { balance: 1, bots });
  const receipt = await pay(wallets, userId);
  await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
  await users(db).updateOne(byId(userId), {
    $set: { walletTransactions: [] },
    $unset: { ledgerState: 1 },
  });
  expect(await wallets.findReceipt(userId, receipt.opId)).toEqual(receipt);
  expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'settled', receipt });
  expect(await wallets.abortSettlement(settleCommand(userId))).toBe('settled');
});

it('two entries of one payment: the database takes the first, and refuses the second under any other name (I2)', async () => {
  const db = await createTestDatabase();
  await migrate(db);
  const ledger = db.collection<{ _id: string; opId: string }>('ledger');
  await ledger.insertOne({ _id: 'one', opId: 'the-payment' });
  const second = ledger.insertOne({ _id: 'other', opId: 'the-payment' });
  await expect(second).rejects.toMatchObject({ code: 11_000 });
});
