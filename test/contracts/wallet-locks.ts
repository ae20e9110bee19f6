// What every implementation of the Wallets port must do with an allocation it reads, locks, releases or
// forbids to settle (I2, I5, I6).

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allocation,
  BOT,
  byId,
  INCARNATION,
  incarnationOf,
  platformSets,
  putUser,
  readUser,
  SAGA_A,
  SAGA_B,
  stamped,
  users,
} from '../support/users.ts';
import {
  lockCommand,
  lockTarget,
  pay,
  settleCommand,
  setUpWallet,
} from '../support/wallet-commands.ts';

export function describeLocks(name: string, createWallets: (db: Db) => Wallets): void {
  const setUp = (balance: unknown, bot: unknown) => setUpWallet(createWallets, balance, bot);

  describe(`${name}: reading an allocation`, () => {
    it('a dated allocation: its incarnation, its value and no lock', async () => {
      const { wallets, userId } = await setUp(10, allocation(100, 120.5));
      const reading = await wallets.readAllocation(userId, BOT);
      expect(reading).toMatchObject({
        status: 'present',
        firebaseUid: `uid-${userId}`,
        allocation: {
          botName: 'Bot 1',
          incarnationId: INCARNATION,
          value: 120.5,
          notMoney: null,
          lock: null,
          settledOpId: null,
        },
      });
    });

    it('no user, no allocation, no allocations field at all: three different answers', async () => {
      const { db, wallets, userId } = await setUp(10, allocation(1, 1));
      const other = toInstanceId('uid-bot-2');
      expect((await wallets.readAllocation(userId, other)).status).toBe('absent');
      await users(db).updateOne(byId(userId), {
        $unset: { botAllocations: 1, paperWallet: 1 },
      });
      expect((await wallets.readAllocation(userId, BOT)).status).toBe('absent');
      await users(db).deleteOne(byId(userId));
      expect((await wallets.readAllocation(userId, BOT)).status).toBe('account-gone');
    });

    it.each([
      ['a text', allocation(50, '61.5'), 'currentValue', '"61.5"'],
      ['a negative value', allocation(50, -12.5), 'currentValue', '-12.5'],
      ['NaN', allocation(50, Number.NaN), 'currentValue', 'NaN'],
      ['Infinity', allocation(50, Number.POSITIVE_INFINITY), 'currentValue', 'Infinity'],
      ['no allocatedAmount', allocation(undefined, 5), 'allocatedAmount', 'missing'],
    ])('%s in the numbers: named, and not locked', async (_what, bot, field, found) => {
      const { db, wallets, userId } = await setUp(77, bot);
      const before = await readUser(db, userId);
      const reading = await wallets.readAllocation(userId, BOT);
      expect(reading).toMatchObject({ allocation: { notMoney: { field, found } } });
      const result = await wallets.lock(lockCommand(userId));
      expect(result).toEqual({ status: 'not-money', field, found });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('a balance that is a text: named, and not locked', async () => {
      const { wallets, userId } = await setUp('77', allocation(50, 50));
      expect(await wallets.lock(lockCommand(userId))).toEqual({
        status: 'not-money',
        field: 'paperWallet.balance',
        found: '"77"',
      });
    });
  });

  describe(`${name}: the lock`, () => {
    it('first write on a user: the lock, the opening balance, and every other field kept', async () => {
      const { db, wallets, userId } = await setUp(0.1, allocation(0.15, 0.2, { note: 'x' }));
      const before = await readUser(db, userId);
      expect(await wallets.lock(lockCommand(userId))).toEqual({ status: 'locked', value: 0.2 });
      const after = await readUser(db, userId);
      const { lockedBy, ...bot } = after.botAllocations[BOT];
      expect(bot).toEqual(before.botAllocations[BOT]);
      expect(lockedBy).toEqual({
        sagaId: SAGA_A,
        epoch: 1,
        value: 0.2,
        incarnationId: INCARNATION,
      });
      expect(Number(after.ledgerState.opening)).toBe(0.1);
      expect(after.ledgerState).toMatchObject({ openingRows: 0, seq: 0, settled: [] });
      expect({ ...after, botAllocations: 0, ledgerState: 0 }).toEqual({
        ...before,
        botAllocations: 0,
        ledgerState: 0,
      });
    });

    it('repeated after the value changed: the first locked value stays', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}.currentValue`]: 0 });
      expect(await wallets.lock(lockCommand(userId))).toEqual({ status: 'locked', value: 120 });
      expect(await wallets.lock(lockCommand(userId, { epoch: 4 }))).toMatchObject({ value: 120 });
    });

    it('an older epoch: fenced, the lock untouched', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId, { epoch: 5 }));
      expect(await wallets.lock(lockCommand(userId, { epoch: 4 }))).toEqual({ status: 'fenced' });
      expect(await wallets.raiseLock(lockTarget(userId, 4))).toBe('fenced');
      expect(await wallets.unlock(lockTarget(userId, 4))).toBe('fenced');
      expect(await wallets.settle(settleCommand(userId, { epoch: 4 }))).toEqual({
        status: 'fenced',
      });
      expect(await wallets.abortSettlement(settleCommand(userId, { epoch: 4 }))).toBe('fenced');
    });

    it("another saga's lock: refused, and taken over only where it is listed", async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId, { sagaId: SAGA_B }));
      expect(await wallets.lock(lockCommand(userId))).toEqual({
        status: 'other-saga',
        sagaId: SAGA_B,
      });
      expect(await wallets.raiseLock(lockTarget(userId, 9))).toBe('absent');
      const taking = lockCommand(userId, { mayTakeOver: [SAGA_B] });
      expect(await wallets.lock(taking)).toEqual({ status: 'locked', value: 120 });
      expect(await wallets.unlock({ ...lockTarget(userId), sagaId: SAGA_B })).toBe('absent');
    });

    it('another incarnation, no allocation, no account: told apart', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      const other = lockCommand(userId, {
        incarnation: incarnationOf(userId, BOT, '2020-01-01T00:00:00.000Z'),
      });
      expect(await wallets.lock(other)).toEqual({
        status: 'other-incarnation',
        incarnationId: INCARNATION,
      });
      await users(db).updateOne(byId(userId), { $set: { botAllocations: {} } });
      expect(await wallets.lock(lockCommand(userId))).toEqual({ status: 'absent' });
      await users(db).deleteOne(byId(userId));
      expect(await wallets.lock(lockCommand(userId))).toEqual({ status: 'account-gone' });
    });

    it('raised and removed: as often as one likes', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      const before = await readUser(db, userId);
      await wallets.lock(lockCommand(userId));
      expect(await wallets.raiseLock(lockTarget(userId, 3))).toBe('raised');
      expect(await wallets.raiseLock(lockTarget(userId, 3))).toBe('raised');
      expect(await wallets.unlock(lockTarget(userId, 3))).toBe('removed');
      expect(await wallets.unlock(lockTarget(userId, 3))).toBe('absent');
      const after = await readUser(db, userId);
      expect(after.botAllocations).toEqual(before.botAllocations);
    });

    it('a worker comes back after its saga has removed the lock: fenced, whatever it tries', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      expect(await wallets.unlock(lockTarget(userId, 2))).toBe('absent');
      const before = await readUser(db, userId);
      expect(await wallets.lock(lockCommand(userId))).toEqual({ status: 'fenced' });
      expect(await wallets.abortSettlement(settleCommand(userId))).toBe('fenced');
      expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'fenced' });
      expect(await readUser(db, userId)).toEqual(before);
      const other = lockCommand(userId, { sagaId: SAGA_B });
      expect(await wallets.lock(other)).toEqual({ status: 'locked', value: 120 });
    });

    it('a stale save brings the removed lock back: its saga is fenced all the same, and pays nothing (I6)', async () => {
      const { db, wallets, userId } = await setUp(10, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      const copy = (await readUser(db, userId)).botAllocations[BOT];
      await wallets.unlock(lockTarget(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}`]: copy });
      expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'fenced' });
      expect((await readUser(db, userId)).paperWallet.balance).toBe(10);
    });

    it('removed by a worker and, late, by the one before it: the next saga keeps its lock', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      await wallets.unlock(lockTarget(userId, 2));
      await wallets.lock(lockCommand(userId, { sagaId: SAGA_B }));
      expect(await wallets.unlock(lockTarget(userId, 1))).toBe('absent');
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { lock: { sagaId: SAGA_B } },
      });
    });

    it('old row without allocatedAt: it takes the stamp of the saga that locks it', async () => {
      const { wallets, userId } = await setUp(
        1,
        allocation(40, undefined, { allocatedAt: undefined }),
      );
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { incarnationId: null },
      });
      const incarnation = stamped(userId);
      expect(await wallets.lock(lockCommand(userId, { incarnation }))).toMatchObject({ value: 40 });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { incarnationId: incarnation.incarnationId },
      });
      const receipt = await pay(wallets, userId, { incarnation });
      expect(receipt).toMatchObject({ newBalance: 41, incarnationId: incarnation.incarnationId });
    });
  });

  describe(`${name}: aborting a settlement`, () => {
    it('aborted: the settlement is refused for good, even to a repeated lock', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      const settle = settleCommand(userId);
      expect(await wallets.abortSettlement(settle)).toBe('aborting');
      expect(await wallets.abortSettlement(settle)).toBe('aborting');
      expect(await wallets.settle(settle)).toEqual({ status: 'fenced' });
      expect(await wallets.lock(lockCommand(userId))).toEqual({ status: 'fenced' });
      expect(await wallets.unlock(lockTarget(userId))).toBe('removed');
    });

    it('the lock is gone: an aborting one is written with the captured value', async () => {
      const { wallets, userId } = await setUp(1, allocation(100, 120));
      const settle = settleCommand(userId, { lockedValue: 99 });
      expect(await wallets.abortSettlement(settle)).toBe('aborting');
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { lock: { sagaId: SAGA_A, epoch: 1, value: 99, aborting: true } },
      });
    });

    it('already settled: too late; no allocation: nothing to abort', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await pay(wallets, userId);
      expect(await wallets.abortSettlement(settleCommand(userId))).toBe('settled');
      await users(db).updateOne(byId(userId), {
        $unset: { ledgerState: 1 },
        $set: { walletTransactions: [] },
      });
      expect(await wallets.abortSettlement(settleCommand(userId))).toBe('absent');
    });
  });

  describe(`${name}: other holders`, () => {
    it('the same id with another user: found, at most two, never the asker', async () => {
      const db = await createTestDatabase();
      const wallets = createWallets(db);
      const bots = { [BOT]: allocation(1, 1) };
      const ids = [];
      for (let n = 0; n < 4; n += 1) ids.push(await putUser(db, { balance: 1, bots }));
      const loner = await putUser(db, { balance: 1, bots: { other: allocation(1, 1) } });
      expect(await wallets.otherHolders(loner, toInstanceId('other'))).toEqual([]);
      const [first] = ids;
      if (first === undefined) throw new Error('no user');
      const found = await wallets.otherHolders(first, BOT);
      expect(found).toHaveLength(2);
      expect(found).not.toContain(first);
    });
  });
}
