// What every implementation of the Wallets port must pay, to the cent, in the platform's format (I2, I11).

import { type Db, Decimal128, Int32, Long } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import { settlementOpId } from '../../src/domain/incarnation.ts';
import { formatMinor } from '../../src/domain/money.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allocation,
  BOT,
  INCARNATION,
  incarnationOf,
  platformSets,
  putUser,
  readUser,
} from '../support/users.ts';
import { lockCommand, pay, settleCommand, setUpWallet } from '../support/wallet-commands.ts';

export function describeSettlements(name: string, createWallets: (db: Db) => Wallets): void {
  const setUp = (balance: unknown, bot: unknown) => setUpWallet(createWallets, balance, bot);
  describe(`${name}: the settlement`, () => {
    it("the user's own case: 1105.00 returned, 18436.00 after, row and receipt complete", async () => {
      const { db, wallets, userId } = await setUp(17331, allocation(1105, 1105));
      const receipt = await pay(wallets, userId);
      const opId = settlementOpId(incarnationOf(userId));
      expect(receipt).toEqual({
        opId,
        userId,
        instanceId: BOT,
        incarnationId: INCARNATION,
        botName: 'Bot 1',
        amount: 1105,
        pnl: 0,
        previousBalance: 17331,
        newBalance: 18436,
        amountMinor: 110_500,
        pnlMinor: 0,
        exactValue: '1105',
        description: 'Returned $1105.00 from deleted bot (P&L: +$0.00)',
        seq: 1,
        settledAt: expect.stringMatching(/^20\d\d-.*Z$/),
      });
      const user = await readUser(db, userId);
      expect(user.botAllocations).toEqual({});
      expect(user.__v).toBe(4);
      expect(user.kept).toEqual({ unknown: 'field' });
      expect(user.reclaimSettlement).toBeUndefined();
      expect(user.paperWallet).toMatchObject({ balance: 18436, currency: 'USD', theme: 'dark' });
      expect(user.paperWallet.lastUpdated.toISOString()).toBe(receipt.settledAt);
      expect(user.walletTransactions).toEqual([
        {
          type: 'deallocate',
          amount: 1105,
          botId: BOT,
          botName: 'Bot 1',
          description: receipt.description,
          balanceAfter: 18436,
          timestamp: user.paperWallet.lastUpdated,
          pnl: 0,
          opId,
          seq: 1,
        },
      ]);
      expect(await wallets.findReceipt(userId, opId)).toEqual(receipt);
    });

    it.each([
      [
        'doubles that add up wrong',
        0.1,
        0.15,
        0.2,
        0.3,
        'Returned $0.20 from deleted bot (P&L: +$0.05)',
      ],
      ['a total loss', 1000, 300, 0, 1000, 'Returned $0.00 from deleted bot (P&L: -$300.00)'],
      [
        'no current value',
        1000,
        40,
        undefined,
        1040,
        'Returned $40.00 from deleted bot (P&L: +$0.00)',
      ],
      [
        'a null current value',
        1000,
        40,
        null,
        1040,
        'Returned $40.00 from deleted bot (P&L: +$0.00)',
      ],
      [
        'half a cent below an even one',
        0,
        2,
        2.665,
        2.66,
        'Returned $2.66 from deleted bot (P&L: +$0.66)',
      ],
      [
        'half a cent below an odd one',
        0,
        2,
        2.675,
        2.68,
        'Returned $2.68 from deleted bot (P&L: +$0.68)',
      ],
      [
        'a hundredth that doubles cut',
        0,
        1,
        1.15,
        1.15,
        'Returned $1.15 from deleted bot (P&L: +$0.15)',
      ],
      ['half of the first cent', 0, 0, 0.005, 0, 'Returned $0.00 from deleted bot (P&L: +$0.00)'],
      [
        'old sub-cent decimals',
        0.123456,
        1,
        1.1,
        1.223456,
        'Returned $1.10 from deleted bot (P&L: +$0.10)',
      ],
      [
        'thousands',
        5,
        1234567.89,
        1234000.05,
        1234005.05,
        'Returned $1234000.05 from deleted bot (P&L: -$567.84)',
      ],
    ])('%s: paid to the cent', async (_what, balance, allocated, current, after, description) => {
      const { wallets, userId } = await setUp(balance, allocation(allocated, current));
      const receipt = await pay(wallets, userId);
      expect(receipt).toMatchObject({ newBalance: after, previousBalance: balance, description });
      expect(receipt.overwrittenValue).toBeUndefined();
    });

    it('any amounts: the database writes what cents in whole numbers say', async () => {
      const db = await createTestDatabase();
      const wallets = createWallets(db);
      const cents = () => Math.floor(10 ** (Math.random() * 12));
      const cases = Array.from({ length: 150 }, () => [cents(), cents()] as const);
      await Promise.all(
        cases.map(async ([current, allocated]) => {
          const bots = { [BOT]: allocation(allocated / 100, current / 100) };
          const userId = await putUser(db, { balance: 0, bots });
          const receipt = await pay(wallets, userId);
          const pnl = formatMinor(current - allocated, 'always');
          expect(receipt).toMatchObject({
            amountMinor: current,
            pnlMinor: current - allocated,
            newBalance: current / 100,
            exactValue: String(current / 100),
            description: `Returned ${formatMinor(current)} from deleted bot (P&L: ${pnl})`,
          });
        }),
      );
    });

    it.each([
      ['an int', new Int32(7), '7.00'],
      ['a long', Long.fromNumber(7), '7.00'],
      ['a decimal', Decimal128.fromString('7.005'), '7.00'],
      ['a decimal in powers of ten', Decimal128.fromString('7E+2'), '700.00'],
    ])('a value that is %s: money too', async (_what, value, text) => {
      const { wallets, userId } = await setUp(Long.fromNumber(1), allocation(value, value));
      const receipt = await pay(wallets, userId);
      expect(receipt.newBalance).toBe(1 + Number(text));
      expect(receipt.description).toContain(`Returned $${text} from`);
    });

    it('an orphan: the sentence of the automatic clean-up', async () => {
      const { wallets, userId } = await setUp(5, allocation(20, 7.5));
      const receipt = await pay(wallets, userId, { reason: 'orphaned' });
      expect(receipt.description).toBe(
        'Auto-cleanup: returned $7.50 from orphaned bot (P&L: -$12.50)',
      );
    });

    it('value updated between lock and settlement: the newer one is paid', async () => {
      const { db, wallets, userId } = await setUp(0, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}.currentValue`]: 133.33 });
      const result = await wallets.settle(settleCommand(userId));
      expect(result).toMatchObject({ receipt: { newBalance: 133.33 } });
    });

    it.each([
      ['0', 0, '0'],
      ['NaN', Number.NaN, 'NaN'],
      ['a text', '120', '"120"'],
      ['a negative number', -1, '-1'],
      ['null', null, 'null'],
      ['an object', { value: 1 }, '{"value":1}'],
      ['an empty list', [], '[]'],
    ])('value overwritten by %s after the lock: the locked one is paid', async (_w, bad, found) => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}.currentValue`]: bad });
      const result = await wallets.settle(settleCommand(userId));
      expect(result).toMatchObject({ receipt: { newBalance: 121, overwrittenValue: found } });
    });

    it('worth nothing at the lock and broken since: nothing is paid, nothing was overwritten', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 0));
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}.currentValue`]: 'x' });
      const result = await wallets.settle(settleCommand(userId));
      if (result.status !== 'settled') throw new Error(result.status);
      expect(result.receipt.newBalance).toBe(1);
      expect(result.receipt.overwrittenValue).toBeUndefined();
    });

    it.each(['a.b.c', 'dots.and-more_1.0', 'x.$set'])(
      'an id with special characters (%s): data, never a path',
      async (text) => {
        const db = await createTestDatabase();
        const wallets = createWallets(db);
        // '$' is refused at the edge; the wallet must be safe without that.
        const instanceId = text.includes('$') ? (text as typeof BOT) : toInstanceId(text);
        const bots = { [text]: allocation(1, 2), a: { b: { c: allocation(500, 500) } } };
        const userId = await putUser(db, { balance: 0, bots });
        if (text.includes('$')) {
          expect(await wallets.lock(lockCommand(userId, { instanceId }))).toMatchObject({
            status: 'locked',
          });
          return;
        }
        const receipt = await pay(wallets, userId, { instanceId });
        expect(receipt.newBalance).toBe(2);
        expect(Object.keys((await readUser(db, userId)).botAllocations)).toEqual(['a']);
      },
    );
  });
}
