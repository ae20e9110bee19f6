// How many commands a saga's reads and writes of a wallet are where one saga comes alone.

import { expect, it } from 'vitest';
import { setUpCountedWallets } from '../support/counted-wallets.ts';
import { BOT, INCARNATION, platformSets, SAGA_B } from '../support/users.ts';
import { lockCommand, pay, settleCommand } from '../support/wallet-commands.ts';

it('a settlement alone: pays and brings its receipt in one command', async () => {
  const { wallets, userId, sentBy } = await setUpCountedWallets();
  await wallets.lock(lockCommand(userId));
  const settled = await sentBy(() => wallets.settle(settleCommand(userId)));
  expect(settled).toMatchObject({ result: { status: 'settled' }, commands: 1 });
});

it('a settlement alone that its condition refuses: one more command tells why', async () => {
  const { wallets, userId, sentBy } = await setUpCountedWallets();
  await wallets.lock({ ...lockCommand(userId), sagaId: SAGA_B });
  const refused = await sentBy(() => wallets.settle(settleCommand(userId)));
  expect(refused.result).toEqual({ status: 'other-saga', sagaId: SAGA_B });
});

it('a reading of a bot: one command for the user, another where a row tells of its settlement', async () => {
  const { db, wallets, userId, sentBy } = await setUpCountedWallets();
  const read = () => sentBy(() => wallets.readAllocation(userId, BOT));
  const rows = [{ type: 'allocate', botId: BOT, amount: -250, timestamp: new Date() }];
  await platformSets(db, userId, { walletTransactions: rows });
  // Two more ask ledger and tombstones.
  expect(await read()).toMatchObject({ result: { status: 'present' }, commands: 3 });
  const opId = 'settle.before';
  const settlement = { type: 'deallocate', opId, botId: BOT, timestamp: new Date(0) };
  await platformSets(db, userId, { walletTransactions: [...rows, settlement] });
  expect(await read()).toMatchObject({ result: { status: 'present' }, commands: 4 });
});

it('a reading that expects nothing: asks for more only where an allocation stands', async () => {
  const { db, wallets, userId, sentBy } = await setUpCountedWallets();
  const read = () => sentBy(() => wallets.readAllocation(userId, BOT, 'absent'));
  expect(await read()).toMatchObject({ result: { status: 'present' }, commands: 4 });
  const before = await db.collection('users').findOne({});
  const { opId: settledOpId } = await pay(wallets, userId);
  expect(await read()).toMatchObject({ result: { status: 'absent' }, commands: 1 });
  // A copy from before the payment: without its own rows and receipts.
  const result = { status: 'present', allocation: { settledOpId } };
  await db.collection('users').replaceOne({}, { ...before });
  await db.collection('ledger').insertOne({
    ...{ opId: settledOpId, userId, botId: BOT, type: 'deallocate', at: new Date() },
    incarnationId: INCARNATION,
  });
  expect(await read()).toMatchObject({ result });
});
