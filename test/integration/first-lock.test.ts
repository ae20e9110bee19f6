// What the lock of an allocation costs: one that the saga has never locked before is not read back, because its value can
// only be the one that was sent (I2). Any other brings the value with it.

import { expect, it } from 'vitest';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { connectCounted } from '../support/counted-connection.ts';
import { allocation, BOT, SAGA_B } from '../support/users.ts';
import { lockCommand, setUpWallet } from '../support/wallet-commands.ts';

it('the first lock of a saga is one command; one that may be a repeat brings what it locked', async () => {
  const { wallets, userId, commands } = await setUp();
  const first = { ...lockCommand(userId), value: 262.5, isFirst: true } as const;
  const before = commands();
  expect(await wallets.lock(first)).toEqual({ status: 'locked', value: 262.5 });
  expect(commands() - before).toBe(1);
  const { isFirst, ...repeated } = first;
  expect(await wallets.lock({ ...repeated, value: 300 })).toEqual({
    status: 'locked',
    value: 300,
  });
  expect(commands() - before).toBe(2);
});

it('a first lock that another saga’s lock keeps out is read back, and names it', async () => {
  const { wallets, userId } = await setUp();
  await wallets.lock({ ...lockCommand(userId), value: 262.5, isFirst: true });
  const other = { ...lockCommand(userId), sagaId: SAGA_B, value: 262.5, isFirst: true } as const;
  expect(await wallets.lock(other)).toMatchObject({ status: 'other-saga' });
  const reading = await wallets.readAllocation(userId, BOT);
  expect(reading).toMatchObject({ allocation: { lock: { value: 262.5 } } });
});

async function setUp() {
  const { db, userId } = await setUpWallet(
    (opened) => createMongoWallets({ db: opened }),
    1_000,
    allocation(250, 262.5),
  );
  const counted = await connectCounted(db.databaseName);
  const wallets = createMongoWallets({ db: counted.db });
  return { wallets, userId, commands: counted.commands };
}
