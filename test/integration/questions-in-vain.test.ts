// A question that the database does not answer has no answer: "nobody else holds this id" and "no slot is held" are
// only ever read out of one (I4, I5).

import mongoose from 'mongoose';
import { expect, inject, it } from 'vitest';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';

const USER = toUserId('6500000000000000000000aa');

/** A connection that is not there any more. */
async function lostConnection() {
  const connection = await mongoose
    .createConnection(inject('mongodbUri'), { dbName: 'never', directConnection: true })
    .asPromise();
  const { db } = connection;
  await connection.getClient().close();
  expect(db).toBeDefined();
  return connection;
}

it('who else holds this id: not answered, and not "nobody"', async () => {
  const wallets = createMongoWallets({ connection: await lostConnection() });
  await expect(wallets.otherHolders(USER, toInstanceId('bot-1'))).rejects.toThrow();
});

it('which slots are held: not answered, and not "none"', async () => {
  const tombstones = createMongoTombstones({ connection: await lostConnection() });
  await expect(tombstones.heldSlots(USER)).rejects.toThrow();
});
