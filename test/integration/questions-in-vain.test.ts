// A question that the database does not answer has no answer: "nobody else holds this id" and "no slot is held" are
// only ever read out of one (I4, I5).

import { expect, inject, it } from 'vitest';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { openDb } from '../support/open-db.ts';

const USER = toUserId('6500000000000000000000aa');

/** A connection that is not there any more. */
async function lostConnection() {
  const db = await openDb(inject('mongodbUri'), { dbName: 'never', directConnection: true });
  await db.client.close();
  return db;
}

it('who else holds this id: not answered, and not "nobody"', async () => {
  const wallets = createMongoWallets({ db: await lostConnection() });
  await expect(wallets.otherHolders(USER, toInstanceId('bot-1'))).rejects.toThrow();
});

it('which slots are held: not answered, and not "none"', async () => {
  const tombstones = createMongoTombstones({ db: await lostConnection() });
  await expect(tombstones.heldSlots(USER)).rejects.toThrow();
});
