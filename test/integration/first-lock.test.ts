// What the lock of an allocation costs: one that the saga has never locked before is not read back, because its value can
// only be the one that was sent (I2). Any other brings the value with it.

import { expect, it } from 'vitest';
import { setUpCountedWallets } from '../support/counted-wallets.ts';
import { BOT, SAGA_B } from '../support/users.ts';
import { lockCommand } from '../support/wallet-commands.ts';

it('the first lock of a saga is one command; one that may be a repeat brings what it locked', async () => {
  const { wallets, userId, sentBy } = await setUpCountedWallets();
  const first = { ...lockCommand(userId), value: 262.5, isFirst: true } as const;
  expect(await sentBy(() => wallets.lock(first))).toEqual({
    result: { status: 'locked', value: 262.5 },
    commands: 1,
  });
  const { isFirst, ...repeated } = first;
  expect(await sentBy(() => wallets.lock({ ...repeated, value: 300 }))).toEqual({
    result: { status: 'locked', value: 300 },
    commands: 1,
  });
});

it('a first lock that another saga’s lock keeps out is read back, and names it', async () => {
  const { wallets, userId } = await setUpCountedWallets();
  await wallets.lock({ ...lockCommand(userId), value: 262.5, isFirst: true });
  const other = { ...lockCommand(userId), sagaId: SAGA_B, value: 262.5, isFirst: true } as const;
  expect(await wallets.lock(other)).toMatchObject({ status: 'other-saga' });
  const reading = await wallets.readAllocation(userId, BOT);
  expect(reading).toMatchObject({ allocation: { lock: { value: 262.5 } } });
});
