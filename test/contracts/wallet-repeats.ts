// What every implementation of the Wallets port must answer when a settlement finds something else than
// an allocation with its own lock (I2, I5).

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { Wallets } from '../../src/wallet/wallets.ts';
import {
  allocation,
  BOT,
  byId,
  incarnationOf,
  platformSets,
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

export function describeRepeatedSettlements(
  name: string,
  createWallets: (db: Db) => Wallets,
): void {
  const setUp = (balance: unknown, bot: unknown) => setUpWallet(createWallets, balance, bot);

  describe(`${name}: a settlement that is not the first or not the only one`, () => {
    it('settled again, by this saga or another: the first receipt, nothing moves', async () => {
      const { db, wallets, userId } = await setUp(17331, allocation(1105, 1105));
      const receipt = await pay(wallets, userId);
      const before = await readUser(db, userId);
      const again = await wallets.settle(settleCommand(userId, { sagaId: SAGA_B, epoch: 7 }));
      expect(again).toEqual({ status: 'settled', receipt });
      expect(await wallets.lock(lockCommand(userId, { sagaId: SAGA_B }))).toEqual({
        status: 'already-settled',
        opId: receipt.opId,
      });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('no match: every reason has its own answer', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      const settle = settleCommand(userId, { epoch: 2 });
      expect(await wallets.settle(settle)).toEqual({ status: 'lock-dropped' });
      await wallets.lock(lockCommand(userId));
      const ofOther = settleCommand(userId, { sagaId: SAGA_B, epoch: 1 });
      expect(await wallets.settle(ofOther)).toEqual({ status: 'other-saga', sagaId: SAGA_A });
      expect(await wallets.settle(settle)).toEqual({ status: 'stale-lock', epoch: 1 });
      await wallets.raiseLock(lockTarget(userId, 2));
      await platformSets(db, userId, { 'paperWallet.balance': Number.NaN });
      expect(await wallets.settle(settle)).toEqual({
        status: 'not-money',
        field: 'paperWallet.balance',
        found: 'NaN',
      });
      await wallets.unlock(lockTarget(userId, 2));
      await platformSets(db, userId, { 'paperWallet.balance': 1 });
      await wallets.lock(lockCommand(userId, { sagaId: SAGA_B }));
      expect(await wallets.settle(settle)).toEqual({ status: 'other-saga', sagaId: SAGA_B });
      await platformSets(db, userId, {
        [`botAllocations.${BOT}`]: allocation(1, 1, { allocatedAt: new Date(0) }),
      });
      expect(await wallets.settle(settle)).toEqual({
        status: 'other-incarnation',
        incarnationId: '1970-01-01T00:00:00.000Z',
      });
      await users(db).updateOne(byId(userId), { $unset: { botAllocations: 1 } });
      expect(await wallets.settle(settle)).toEqual({ status: 'absent' });
      await users(db).deleteOne(byId(userId));
      expect(await wallets.settle(settle)).toEqual({ status: 'account-gone' });
    });

    it.each([
      ['allocatedAmount', -5, '-5'],
      ['allocatedAmount', '100', '"100"'],
      ['lockedBy.value', -1, '-1'],
    ])('%s became %s after the lock: named, nothing moves', async (field, bad, found) => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}.${field}`]: bad });
      const before = await readUser(db, userId);
      expect(await wallets.settle(settleCommand(userId))).toEqual({
        status: 'not-money',
        field,
        found,
      });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('our lock on another incarnation: it does not make that one payable', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      const path = `botAllocations.${BOT}.allocatedAt`;
      await platformSets(db, userId, { [path]: new Date(0) });
      expect(await wallets.settle(settleCommand(userId))).toMatchObject({
        status: 'other-incarnation',
      });
      expect((await readUser(db, userId)).paperWallet.balance).toBe(1);
    });

    it('lock and allocation put back, our own field erased: the row alone forbids a second payment', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      const { botAllocations } = await readUser(db, userId);
      const first = await wallets.settle(settleCommand(userId));
      await users(db).updateOne(byId(userId), {
        $set: { botAllocations },
        $unset: { ledgerState: 1 },
      });
      const again = await wallets.settle(settleCommand(userId));
      if (first.status !== 'settled') throw new Error(first.status);
      expect(again).toMatchObject({ status: 'settled', receipt: { opId: first.receipt.opId } });
      expect((await readUser(db, userId)).paperWallet.balance).toBe(121);
    });

    it('lock dropped by a strict schema: locked again with the captured value, then paid', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await wallets.lock(lockCommand(userId));
      await platformSets(db, userId, { [`botAllocations.${BOT}`]: allocation(100, 0) });
      expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'lock-dropped' });
      expect(await wallets.lock(lockCommand(userId, { value: 120 }))).toMatchObject({ value: 120 });
      const result = await wallets.settle(settleCommand(userId));
      expect(result).toMatchObject({ receipt: { newBalance: 121, overwrittenValue: '0' } });
    });

    it('the row erased by a legacy writer: the receipt is still found, in full', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      const receipt = await pay(wallets, userId);
      await platformSets(db, userId, { walletTransactions: [] });
      expect(await wallets.findReceipt(userId, receipt.opId)).toEqual(receipt);
      expect(await wallets.settle(settleCommand(userId))).toEqual({ status: 'settled', receipt });
    });

    it('our own field erased: the receipt is made from the row', async () => {
      const { db, wallets, userId } = await setUp(0.1, allocation(0.15, 0.2));
      const { incarnationId: _life, ...receipt } = await pay(wallets, userId);
      await users(db).updateOne(byId(userId), { $unset: { ledgerState: 1 } });
      expect(await wallets.findReceipt(userId, receipt.opId)).toEqual(receipt);
    });

    it('an allocation put back after its settlement: known as settled, never paid again', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      const receipt = await pay(wallets, userId);
      await platformSets(db, userId, { [`botAllocations.${BOT}`]: allocation(100, 120) });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: receipt.opId },
      });
      const lock = await wallets.lock(lockCommand(userId, { sagaId: SAGA_B }));
      expect(lock).toEqual({ status: 'already-settled', opId: receipt.opId });
      expect((await readUser(db, userId)).paperWallet.balance).toBe(121);
    });

    it('an undated allocation put back: a new stamp does not make it another incarnation', async () => {
      const undated = allocation(40, 40, { allocatedAt: undefined });
      const { db, wallets, userId } = await setUp(1, undated);
      const receipt = await pay(wallets, userId, { incarnation: stamped(userId) });
      await platformSets(db, userId, { [`botAllocations.${BOT}`]: undated });
      const again = lockCommand(userId, { sagaId: SAGA_B, incarnation: stamped(userId, SAGA_B) });
      expect(await wallets.lock(again)).toEqual({ status: 'already-settled', opId: receipt.opId });
      await users(db).updateOne(byId(userId), { $unset: { ledgerState: 1 } });
      expect(await wallets.lock(again)).toMatchObject({ status: 'already-settled' });
      const { botAllocations } = await readUser(db, userId);
      expect(botAllocations[BOT].lockedBy).toBeUndefined();
    });

    it('the same id allocated anew after a settlement: another incarnation, paid on its own', async () => {
      const { db, wallets, userId } = await setUp(1, allocation(100, 120));
      await pay(wallets, userId);
      const allocatedAt = new Date('2026-11-05T00:00:00.000Z');
      await platformSets(db, userId, {
        [`botAllocations.${BOT}`]: allocation(10, 11, { allocatedAt }),
      });
      const incarnation = incarnationOf(userId, BOT, allocatedAt.toISOString());
      expect(await pay(wallets, userId, { incarnation })).toMatchObject({
        newBalance: 132,
        seq: 2,
      });
    });
  });
}
