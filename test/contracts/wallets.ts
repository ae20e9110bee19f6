// What every implementation of the Wallets port must do, said against users in the platform's format
// (I2, I5, I6, I11).

import { type Connection, mongo } from 'mongoose';
import { describe, expect, it } from 'vitest';
import type { Wallets } from '../../src/deletion/ports/wallets.ts';
import { toInstanceId, type UserId } from '../../src/domain/ids.ts';
import { settlementOpId } from '../../src/domain/incarnation.ts';
import { formatMinor } from '../../src/domain/money.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allocation,
  BOT,
  byId,
  incarnationOf,
  LIFE,
  platformSets,
  putUser,
  readUser,
  SAGA_A,
  SAGA_B,
  stamped,
  users,
} from '../support/users.ts';
import { markCommand, pay, settleCommand } from '../support/wallet-commands.ts';

export function describeWallets(
  name: string,
  createWallets: (connection: Connection) => Wallets,
): void {
  async function setUp(balance: unknown, bot: unknown) {
    const connection = await createTestDatabase();
    const userId = await putUser(connection, { balance, bots: { [BOT]: bot } });
    return { connection, userId, wallets: createWallets(connection) };
  }
  const target = (userId: UserId, epoch = 1, sagaId = SAGA_A) => ({
    userId,
    instanceId: BOT,
    sagaId,
    epoch,
  });

  describe(`${name}: reading an allocation`, () => {
    it('a dated allocation: its life, its value and no mark', async () => {
      const { wallets, userId } = await setUp(10, allocation(100, 120.5));
      const reading = await wallets.readAllocation(userId, BOT);
      expect(reading).toMatchObject({
        status: 'present',
        firebaseUid: `uid-${userId}`,
        allocation: {
          botName: 'Bot 1',
          life: LIFE,
          value: 120.5,
          notMoney: null,
          mark: null,
          settledOpId: null,
        },
      });
    });

    it('no user, no allocation, no allocations field at all: three different answers', async () => {
      const { connection, wallets, userId } = await setUp(10, allocation(1, 1));
      const other = toInstanceId('uid-bot-2');
      expect((await wallets.readAllocation(userId, other)).status).toBe('absent');
      await users(connection).updateOne(byId(userId), {
        $unset: { botAllocations: 1, paperWallet: 1 },
      });
      expect((await wallets.readAllocation(userId, BOT)).status).toBe('absent');
      await users(connection).deleteOne(byId(userId));
      expect((await wallets.readAllocation(userId, BOT)).status).toBe('account-gone');
    });

    it.each([
      ['a text', allocation(50, '61.5'), 'currentValue', '"61.5"'],
      ['a negative value', allocation(50, -12.5), 'currentValue', '-12.5'],
      ['NaN', allocation(50, Number.NaN), 'currentValue', 'NaN'],
      ['Infinity', allocation(50, Number.POSITIVE_INFINITY), 'currentValue', 'Infinity'],
      ['no allocatedAmount', allocation(undefined, 5), 'allocatedAmount', 'missing'],
    ])('%s in the numbers: named, and not locked', async (_what, bot, field, found) => {
      const { connection, wallets, userId } = await setUp(77, bot);
      const before = await readUser(connection, userId);
      const reading = await wallets.readAllocation(userId, BOT);
      expect(reading).toMatchObject({ allocation: { notMoney: { field, found } } });
      const result = await wallets.mark(markCommand(userId));
      expect(result).toEqual({ status: 'not-money', field, found });
      expect(await readUser(connection, userId)).toEqual(before);
    });

    it('a balance that is a text: named, and not locked', async () => {
      const { wallets, userId } = await setUp('77', allocation(50, 50));
      expect(await wallets.mark(markCommand(userId))).toEqual({
        status: 'not-money',
        field: 'paperWallet.balance',
        found: '"77"',
      });
    });
  });

  describe(`${name}: the mark`, () => {
    it('first write on a user: the mark, the opening balance, and every other field kept', async () => {
      const { connection, wallets, userId } = await setUp(
        0.1,
        allocation(0.15, 0.2, { note: 'x' }),
      );
      const before = await readUser(connection, userId);
      expect(await wallets.mark(markCommand(userId))).toEqual({ status: 'marked', value: 0.2 });
      const after = await readUser(connection, userId);
      const { closing, ...bot } = after.botAllocations[BOT];
      expect(bot).toEqual(before.botAllocations[BOT]);
      expect(closing).toEqual({ sagaId: SAGA_A, epoch: 1, value: 0.2, life: LIFE });
      expect(Number(after.ledgerState.opening)).toBe(0.1);
      expect(after.ledgerState).toMatchObject({ openingRows: 0, seq: 0, settled: [] });
      expect({ ...after, botAllocations: 0, ledgerState: 0 }).toEqual({
        ...before,
        botAllocations: 0,
        ledgerState: 0,
      });
    });

    it('repeated after the value changed: the first locked value stays', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.mark(markCommand(userId));
      await platformSets(connection, userId, { [`botAllocations.${BOT}.currentValue`]: 0 });
      expect(await wallets.mark(markCommand(userId))).toEqual({ status: 'marked', value: 120 });
      expect(await wallets.mark(markCommand(userId, { epoch: 4 }))).toMatchObject({ value: 120 });
    });

    it('an older epoch: fenced, the mark untouched', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.mark(markCommand(userId, { epoch: 5 }));
      expect(await wallets.mark(markCommand(userId, { epoch: 4 }))).toEqual({ status: 'fenced' });
      expect(await wallets.raiseMark(target(userId, 4))).toBe('fenced');
      expect(await wallets.unmark(target(userId, 4))).toBe('fenced');
      expect(await wallets.settle(settleCommand(userId, { epoch: 4 }))).toEqual({
        status: 'fenced',
      });
      expect(await wallets.abortSettlement(settleCommand(userId, { epoch: 4 }))).toBe('fenced');
    });

    it("another saga's mark: refused, and taken over only where it is listed", async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.mark(markCommand(userId, { sagaId: SAGA_B }));
      expect(await wallets.mark(markCommand(userId))).toEqual({
        status: 'other-saga',
        sagaId: SAGA_B,
      });
      expect(await wallets.unmark(target(userId))).toBe('absent');
      expect(await wallets.raiseMark(target(userId, 9))).toBe('absent');
      const taking = markCommand(userId, { mayTakeOver: [SAGA_B] });
      expect(await wallets.mark(taking)).toEqual({ status: 'marked', value: 120 });
    });

    it('another incarnation, no allocation, no account: told apart', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      const other = markCommand(userId, {
        incarnation: incarnationOf(userId, BOT, '2020-01-01T00:00:00.000Z'),
      });
      expect(await wallets.mark(other)).toEqual({ status: 'other-incarnation', life: LIFE });
      await users(connection).updateOne(byId(userId), { $set: { botAllocations: {} } });
      expect(await wallets.mark(markCommand(userId))).toEqual({ status: 'absent' });
      await users(connection).deleteOne(byId(userId));
      expect(await wallets.mark(markCommand(userId))).toEqual({ status: 'account-gone' });
    });

    it('raised and removed: as often as one likes', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      const before = await readUser(connection, userId);
      await wallets.mark(markCommand(userId));
      expect(await wallets.raiseMark(target(userId, 3))).toBe('raised');
      expect(await wallets.raiseMark(target(userId, 3))).toBe('raised');
      expect(await wallets.unmark(target(userId, 3))).toBe('removed');
      expect(await wallets.unmark(target(userId, 3))).toBe('absent');
      const after = await readUser(connection, userId);
      expect(after.botAllocations).toEqual(before.botAllocations);
    });

    it('old row without allocatedAt: it takes the stamp of the saga that locks it', async () => {
      const { wallets, userId } = await setUp(
        1,
        allocation(40, undefined, { allocatedAt: undefined }),
      );
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { life: null },
      });
      const incarnation = stamped(userId);
      expect(await wallets.mark(markCommand(userId, { incarnation }))).toMatchObject({ value: 40 });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { life: incarnation.life },
      });
      const receipt = await pay(wallets, userId, { incarnation });
      expect(receipt).toMatchObject({ newBalance: 41, life: incarnation.life });
    });
  });

  describe(`${name}: the settlement`, () => {
    it("the user's own case: 1105.00 returned, 18436.00 after, row and receipt complete", async () => {
      const { connection, wallets, userId } = await setUp(17331, allocation(1105, 1105));
      const receipt = await pay(wallets, userId);
      const opId = settlementOpId(incarnationOf(userId));
      expect(receipt).toEqual({
        opId,
        userId,
        instanceId: BOT,
        life: LIFE,
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
      const user = await readUser(connection, userId);
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
      const connection = await createTestDatabase();
      const wallets = createWallets(connection);
      const cents = () => Math.floor(10 ** (Math.random() * 12));
      const cases = Array.from({ length: 150 }, () => [cents(), cents()] as const);
      await Promise.all(
        cases.map(async ([current, allocated]) => {
          const bots = { [BOT]: allocation(allocated / 100, current / 100) };
          const userId = await putUser(connection, { balance: 0, bots });
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
      ['an int', new mongo.Int32(7), '7.00'],
      ['a long', mongo.Long.fromNumber(7), '7.00'],
      ['a decimal', mongo.Decimal128.fromString('7.005'), '7.00'],
      ['a decimal in powers of ten', mongo.Decimal128.fromString('7E+2'), '700.00'],
    ])('a value that is %s: money too', async (_what, value, text) => {
      const { wallets, userId } = await setUp(mongo.Long.fromNumber(1), allocation(value, value));
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
      const { connection, wallets, userId } = await setUp(0, allocation(100, 120));
      await wallets.mark(markCommand(userId));
      await platformSets(connection, userId, { [`botAllocations.${BOT}.currentValue`]: 133.33 });
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
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.mark(markCommand(userId));
      await platformSets(connection, userId, { [`botAllocations.${BOT}.currentValue`]: bad });
      const result = await wallets.settle(settleCommand(userId));
      expect(result).toMatchObject({ receipt: { newBalance: 121, overwrittenValue: found } });
    });

    it('worth nothing at the lock and broken since: nothing is paid, nothing was overwritten', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 0));
      await wallets.mark(markCommand(userId));
      await platformSets(connection, userId, { [`botAllocations.${BOT}.currentValue`]: 'x' });
      const result = await wallets.settle(settleCommand(userId));
      if (result.status !== 'settled') throw new Error(result.status);
      expect(result.receipt.newBalance).toBe(1);
      expect(result.receipt.overwrittenValue).toBeUndefined();
    });

    it.each(['a.b.c', 'dots.and-more_1.0', 'x.$set'])(
      'an id with special characters (%s): data, never a path',
      async (text) => {
        const connection = await createTestDatabase();
        const wallets = createWallets(connection);
        // '$' is refused at the edge; the wallet must be safe without that.
        const instanceId = text.includes('$') ? (text as typeof BOT) : toInstanceId(text);
        const bots = { [text]: allocation(1, 2), a: { b: { c: allocation(500, 500) } } };
        const userId = await putUser(connection, { balance: 0, bots });
        if (text.includes('$')) {
          expect(await wallets.mark(markCommand(userId, { instanceId }))).toMatchObject({
            status: 'marked',
          });
          return;
        }
        const receipt = await pay(wallets, userId, { instanceId });
        expect(receipt.newBalance).toBe(2);
        expect(Object.keys((await readUser(connection, userId)).botAllocations)).toEqual(['a']);
      },
    );

    it('settled again, by this saga or another: the first receipt, nothing moves', async () => {
      const { connection, wallets, userId } = await setUp(17331, allocation(1105, 1105));
      const receipt = await pay(wallets, userId);
      const before = await readUser(connection, userId);
      const again = await wallets.settle(settleCommand(userId, { sagaId: SAGA_B, epoch: 7 }));
      expect(again).toEqual({ status: 'settled', receipt });
      expect(await wallets.mark(markCommand(userId, { sagaId: SAGA_B }))).toEqual({
        status: 'already-settled',
        receipt,
      });
      expect(await readUser(connection, userId)).toEqual(before);
    });

    it('no match: every reason has its own answer', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      const settle = settleCommand(userId, { epoch: 2 });
      expect(await wallets.settle(settle)).toEqual({ status: 'mark-dropped' });
      await wallets.mark(markCommand(userId));
      expect(await wallets.settle(settle)).toEqual({ status: 'stale-mark', epoch: 1 });
      await wallets.raiseMark(target(userId, 2));
      await platformSets(connection, userId, { 'paperWallet.balance': Number.NaN });
      expect(await wallets.settle(settle)).toEqual({
        status: 'not-money',
        field: 'paperWallet.balance',
        found: 'NaN',
      });
      await wallets.unmark(target(userId, 2));
      await platformSets(connection, userId, { 'paperWallet.balance': 1 });
      await wallets.mark(markCommand(userId, { sagaId: SAGA_B }));
      expect(await wallets.settle(settle)).toEqual({ status: 'other-saga', sagaId: SAGA_B });
      await platformSets(connection, userId, {
        [`botAllocations.${BOT}`]: allocation(1, 1, { allocatedAt: new Date(0) }),
      });
      expect(await wallets.settle(settle)).toEqual({
        status: 'other-incarnation',
        life: '1970-01-01T00:00:00.000Z',
      });
      await users(connection).updateOne(byId(userId), { $unset: { botAllocations: 1 } });
      expect(await wallets.settle(settle)).toEqual({ status: 'absent' });
      await users(connection).deleteOne(byId(userId));
      expect(await wallets.settle(settle)).toEqual({ status: 'account-gone' });
    });

    it('mark dropped by a strict schema: marked again with the captured value, then paid', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.mark(markCommand(userId));
      await platformSets(connection, userId, { [`botAllocations.${BOT}`]: allocation(100, 0) });
      expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'mark-dropped' });
      expect(await wallets.mark(markCommand(userId, { value: 120 }))).toMatchObject({ value: 120 });
      const result = await wallets.settle(settleCommand(userId));
      expect(result).toMatchObject({ receipt: { newBalance: 121, overwrittenValue: '0' } });
    });

    it('the row erased by a legacy writer: the receipt is still found, in full', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      const receipt = await pay(wallets, userId);
      await platformSets(connection, userId, { walletTransactions: [] });
      expect(await wallets.findReceipt(userId, receipt.opId)).toEqual(receipt);
      expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'settled', receipt });
    });

    it('our own field erased: the receipt is made from the row', async () => {
      const { connection, wallets, userId } = await setUp(0.1, allocation(0.15, 0.2));
      const { life: _life, ...receipt } = await pay(wallets, userId);
      await users(connection).updateOne(byId(userId), { $unset: { ledgerState: 1 } });
      expect(await wallets.findReceipt(userId, receipt.opId)).toEqual(receipt);
    });

    it('an allocation put back after its settlement: known as settled, never paid again', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      const receipt = await pay(wallets, userId);
      await platformSets(connection, userId, { [`botAllocations.${BOT}`]: allocation(100, 120) });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: receipt.opId },
      });
      const mark = await wallets.mark(markCommand(userId, { sagaId: SAGA_B }));
      expect(mark).toEqual({ status: 'already-settled', receipt });
      expect((await readUser(connection, userId)).paperWallet.balance).toBe(121);
    });

    it('an undated allocation put back: a new stamp does not make it another incarnation', async () => {
      const undated = allocation(40, 40, { allocatedAt: undefined });
      const { connection, wallets, userId } = await setUp(1, undated);
      const receipt = await pay(wallets, userId, { incarnation: stamped(userId) });
      await platformSets(connection, userId, { [`botAllocations.${BOT}`]: undated });
      const again = markCommand(userId, { sagaId: SAGA_B, incarnation: stamped(userId, SAGA_B) });
      expect(await wallets.mark(again)).toEqual({ status: 'already-settled', receipt });
      await users(connection).updateOne(byId(userId), { $unset: { ledgerState: 1 } });
      expect(await wallets.mark(again)).toMatchObject({ status: 'already-settled' });
    });

    it('the same id allocated anew after a settlement: another incarnation, paid on its own', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      await pay(wallets, userId);
      const allocatedAt = new Date('2026-11-05T00:00:00.000Z');
      await platformSets(connection, userId, {
        [`botAllocations.${BOT}`]: allocation(10, 11, { allocatedAt }),
      });
      const incarnation = incarnationOf(userId, BOT, allocatedAt.toISOString());
      expect(await pay(wallets, userId, { incarnation })).toMatchObject({
        newBalance: 132,
        seq: 2,
      });
    });
  });

  describe(`${name}: aborting a settlement`, () => {
    it('aborted: the settlement is refused for good, even to a repeated lock', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.mark(markCommand(userId));
      const settle = settleCommand(userId);
      expect(await wallets.abortSettlement(settle)).toBe('aborting');
      expect(await wallets.abortSettlement(settle)).toBe('aborting');
      expect(await wallets.settle(settle)).toEqual({ status: 'fenced' });
      expect(await wallets.mark(markCommand(userId))).toEqual({ status: 'fenced' });
      expect(await wallets.unmark(target(userId))).toBe('removed');
    });

    it('the mark is gone: an aborting one is written with the captured value', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      const settle = settleCommand(userId, { lockedValue: 99 });
      expect(await wallets.abortSettlement(settle)).toBe('aborting');
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { mark: { sagaId: SAGA_A, epoch: 1, value: 99, aborting: true } },
      });
    });

    it('already settled: too late; no allocation: nothing to abort', async () => {
      const { connection, wallets, userId } = await setUp(1, allocation(100, 120));
      await pay(wallets, userId);
      expect(await wallets.abortSettlement(settleCommand(userId))).toBe('settled');
      await users(connection).updateOne(byId(userId), {
        $unset: { ledgerState: 1 },
        $set: { walletTransactions: [] },
      });
      expect(await wallets.abortSettlement(settleCommand(userId))).toBe('absent');
    });
  });

  describe(`${name}: other holders`, () => {
    it('the same id with another user: found, at most two, never the asker', async () => {
      const connection = await createTestDatabase();
      const wallets = createWallets(connection);
      const bots = { [BOT]: allocation(1, 1) };
      const ids = [];
      for (let n = 0; n < 4; n += 1) ids.push(await putUser(connection, { balance: 1, bots }));
      const loner = await putUser(connection, { balance: 1, bots: { other: allocation(1, 1) } });
      expect(await wallets.otherHolders(loner, toInstanceId('other'))).toEqual([]);
      const [first] = ids;
      if (first === undefined) throw new Error('no user');
      const found = await wallets.otherHolders(first, BOT);
      expect(found).toHaveLength(2);
      expect(found).not.toContain(first);
    });
  });
}
