// What every implementation of the Wallets port must pay where the bot was asked what it is worth (I2, I5).

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { MAX_MONEY } from '../../src/domain/money.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { allocation, BOT, platformSets, readUser, SAGA_B } from '../support/users.ts';
import { lockCommand, settleCommand, setUpWallet } from '../support/wallet-commands.ts';

export function describeLiveValues(name: string, createWallets: (db: Db) => Wallets): void {
  const setUp = () => setUpWallet(createWallets, 500, allocation(1000, 1000));
  const NOT_LIVE = { status: 'not-live', reason: 'it does not answer' } as const;

  describe(`${name}: the live value`, () => {
    it('live: that is paid, whatever currentValue and the lock say', async () => {
      const { db, wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}.currentValue`]: 7 });
      const worth = { status: 'live', value: 1234.56 } as const;
      const result = await wallets.settle(settleCommand(userId, { worth }));
      expect(result).toMatchObject({
        status: 'settled',
        receipt: { amountMinor: 123_456, pnlMinor: 23_456, exactValue: '1234.56' },
      });
      expect(result).toMatchObject({ receipt: { valueSource: 'bot', newBalance: 1734.56 } });
      expect(result).not.toHaveProperty('receipt.overwrittenValue');
    });

    it('live 0: nothing is paid, and that is no error', async () => {
      const { wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId));
      const worth = { status: 'live', value: 0 } as const;
      expect(await wallets.settle(settleCommand(userId, { worth }))).toMatchObject({
        receipt: { amountMinor: 0, pnlMinor: -100_000, newBalance: 500, valueSource: 'bot' },
      });
    });

    it('not live: the stored value, and row and receipt say so', async () => {
      const { db, wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId));
      const settle = settleCommand(userId, { worth: NOT_LIVE });
      const receipt = { amount: 1000, valueSource: 'stored', notLive: 'it does not answer' };
      expect(await wallets.settle(settle)).toMatchObject({ receipt });
      expect(await wallets.findReceipt(userId, settle.opId)).toMatchObject(receipt);
      const { walletTransactions } = await readUser(db, userId);
      expect(walletTransactions.at(-1)).toMatchObject({ amount: 1000, valueSource: 'stored' });
    });

    it('the log has lost the answer, the lock has not: the lock’s value is paid', async () => {
      const { wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId));
      const live = lockCommand(userId, { value: 400, isLive: true });
      expect(await wallets.lock(live)).toEqual({ status: 'locked', value: 400 });
      const receipt = { amount: 400, pnl: -600, valueSource: 'bot' };
      const result = await wallets.settle(settleCommand(userId, { worth: NOT_LIVE }));
      expect(result).toMatchObject({ receipt });
      expect(result).not.toHaveProperty('receipt.notLive');
    });

    it.each([
      ['the lock’s step was told: the lock’s', { lockMayBeNewer: true }, 390],
      ['the stop was told: that', {}, 400],
    ] as const)('the log has 400 and the lock 390, and what %s is paid', async (_, of, paid) => {
      const { wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId, { value: 390, isLive: true }));
      const worth = { status: 'live', value: 400 } as const;
      const result = await wallets.settle(settleCommand(userId, { worth, ...of }));
      expect(result).toMatchObject({ receipt: { amount: paid, valueSource: 'bot' } });
    });

    it('the lock is repeated and the bot is at rest: its last word stays, and is paid', async () => {
      const { wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId, { value: 390, isLive: true }));
      const again = lockCommand(userId, { epoch: 2, value: 1000 });
      expect(await wallets.lock(again)).toEqual({ status: 'locked', value: 390 });
      const settle = settleCommand(userId, { epoch: 2, worth: NOT_LIVE });
      expect(await wallets.settle(settle)).toMatchObject({
        receipt: { amount: 390, valueSource: 'bot' },
      });
    });

    it.each([
      ['and the log has the answer', { worth: { status: 'live', value: 400 } }, {}],
      ['and the lock alone has it', { worth: NOT_LIVE }, {}],
      ['and the lock is set again', { worth: NOT_LIVE }, { value: 1000 }],
      [
        'and a dropped lock is set again with what was asked about',
        { worth: { status: 'live', value: 400 } },
        { value: 400, isLive: true, allocatedAmount: 1000 },
      ],
    ] as const)(
      'a part is withdrawn after the bot has answered, %s: the stored value, and said to be',
      async (_, of, again) => {
        const { db, wallets, userId } = await setUp();
        await wallets.lock(lockCommand(userId, { value: 400, isLive: true }));
        await platformSets(db, userId, {
          [`botAllocations.${BOT}.allocatedAmount`]: 700,
          [`botAllocations.${BOT}.currentValue`]: 690,
        });
        if ('value' in again) await wallets.lock(lockCommand(userId, again));
        const result = await wallets.settle(settleCommand(userId, of));
        const notLive = 'the allocated amount has changed since the bot answered';
        expect(result).toMatchObject({
          receipt: { amount: 690, pnl: -10, valueSource: 'stored', notLive },
        });
      },
    );

    it.each([
      ['a value that is nothing', 700, 0, 700, '0'],
      ['a value above all money', 700, MAX_MONEY + 1, 700, String(MAX_MONEY + 1)],
      ['all the money there can be', 700, MAX_MONEY, MAX_MONEY, undefined],
      ['nothing set aside, and worth nothing', 0, 0, 0, undefined],
    ])(
      'the allocation is another since the bot has answered, with %s: paid as it stands',
      async (_, allocatedAmount, currentValue, amount, overwrittenValue) => {
        const { db, wallets, userId } = await setUp();
        await wallets.lock(lockCommand(userId, { value: 400, isLive: true }));
        const bot = `botAllocations.${BOT}`;
        const found = {
          [`${bot}.allocatedAmount`]: allocatedAmount,
          [`${bot}.currentValue`]: currentValue,
        };
        await platformSets(db, userId, found);
        const result = Object(await wallets.settle(settleCommand(userId, { worth: NOT_LIVE })));
        expect(result.receipt).toMatchObject({ amount });
        expect(result.receipt.overwrittenValue).toBe(overwrittenValue);
      },
    );

    it('a part is withdrawn, and the bot answers again after it: the newer answer is paid', async () => {
      const { db, wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId, { value: 400, isLive: true }));
      const path = `botAllocations.${BOT}.allocatedAmount`;
      await platformSets(db, userId, { [path]: 700 });
      await wallets.lock(lockCommand(userId, { value: 100, isLive: true }));
      const worth = { status: 'live', value: 100 } as const;
      expect(await wallets.settle(settleCommand(userId, { worth }))).toMatchObject({
        receipt: { amount: 100, pnl: -600, valueSource: 'bot' },
      });
    });

    it('a worker whose claim is over writes its answer: fenced, the newer one’s is paid (I5)', async () => {
      const { wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId, { epoch: 2, value: 400, isLive: true }));
      const late = lockCommand(userId, { epoch: 1, value: 9_999, isLive: true });
      expect(await wallets.lock(late)).toEqual({ status: 'fenced' });
      const settle = settleCommand(userId, { epoch: 2, worth: NOT_LIVE });
      expect(await wallets.settle(settle)).toMatchObject({ receipt: { amount: 400 } });
    });

    it('a live value in another saga’s lock that is taken over: it is not this one’s', async () => {
      const { wallets, userId } = await setUp();
      await wallets.lock(lockCommand(userId, { value: 400, isLive: true }));
      const other = lockCommand(userId, {
        sagaId: SAGA_B,
        mayTakeOver: [lockCommand(userId).sagaId],
      });
      await wallets.lock(other);
      const settle = settleCommand(userId, { sagaId: SAGA_B, worth: NOT_LIVE });
      expect(await wallets.settle(settle)).toMatchObject({ receipt: { amount: 1000 } });
    });
  });
}
