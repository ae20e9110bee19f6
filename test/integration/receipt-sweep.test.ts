import { describe, expect, it } from 'vitest';
import { createMongoWallets } from '../../src/adapters/mongo/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { putUser } from '../support/users.ts';

const DAY_MS = 86_400_000;

function receipt(opId: string, ageMs: number) {
  return { opId, settledAt: new Date(Date.now() - ageMs) };
}

describe('receipts in user documents', () => {
  it('held by the ledger for a day: dropped; younger, or not in the ledger: kept', async () => {
    const connection = await createTestDatabase();
    const userId = await putUser(connection, { balance: 1, bots: {} });
    const settled = [
      receipt('settle.old', 2 * DAY_MS),
      receipt('settle.unposted', 2 * DAY_MS),
      receipt('settle.young', 1_000),
    ];
    await connection
      .collection('users')
      .updateOne({ firebaseUid: `uid-${userId}` }, { $set: { ledgerState: { seq: 3, settled } } });
    await connection.collection<{ _id: string; postedAt: Date }>('ledger').insertMany([
      { _id: 'settle.old', postedAt: new Date(Date.now() - 2 * DAY_MS) },
      { _id: 'settle.young', postedAt: new Date() },
    ]);

    const dropped = await createMongoWallets({ connection }).forgetSettled({ limit: 10 });

    expect(dropped).toBe(1);
    const user = await connection.collection('users').findOne({ firebaseUid: `uid-${userId}` });
    const left = user?.ledgerState.settled.map(({ opId }: { opId: string }) => opId);
    expect(left).toEqual(['settle.unposted', 'settle.young']);
    expect(user?.ledgerState.seq).toBe(3);
  });
});
