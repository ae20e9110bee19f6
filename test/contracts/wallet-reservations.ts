// What every implementation of the Wallets port must do when money is set aside for a new bot, and when that is
// withdrawn (I2, I5, I11).

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toUserId, type UserId } from '../../src/domain/ids.ts';
import { settlementOpId } from '../../src/domain/incarnation.ts';
import type { ReserveOrder, Wallets } from '../../src/wallet/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, BOT, byId, putUser, readUser, SAGA_B, users } from '../support/users.ts';
import { pay } from '../support/wallet-commands.ts';

const OP = 'reserve.prov-aaaaaaaaaaaaaaaa';

function order(userId: UserId, given: Partial<ReserveOrder> = {}): ReserveOrder {
  return { userId, instanceId: BOT, opId: OP, botName: 'Alpha', amountMinor: 10_010, ...given };
}

export function describeReservations(name: string, createWallets: (db: Db) => Wallets): void {
  async function setUp(balance: unknown, bots: Record<string, unknown> = {}) {
    const db = await createTestDatabase();
    const userId = await putUser(db, { balance, bots });
    return { db, userId, wallets: createWallets(db) };
  }

  describe(`${name}: the reservation`, () => {
    it('balance, allocation and row in one update; the rest of the document is kept', async () => {
      const other = allocation(5, 6);
      const { db, userId, wallets } = await setUp(1000.1, { other });
      const result = await wallets.reserve(order(userId));
      const user = await readUser(db, userId);
      const at = user.paperWallet.lastUpdated;
      expect(result).toEqual({
        status: 'reserved',
        reservation: {
          opId: OP,
          userId,
          instanceId: BOT,
          incarnationId: at.toISOString(),
          botName: 'Alpha',
          amountMinor: 10_010,
          previousBalance: 1000.1,
          newBalance: 900,
          description: 'Allocated $100.10 to Alpha',
          seq: 1,
        },
      });
      expect(user).toMatchObject({ kept: { unknown: 'field' }, __v: 4 });
      expect(user.paperWallet).toMatchObject({ balance: 900, theme: 'dark' });
      expect(user.botAllocations.other).toEqual(other);
      expect(user.botAllocations[BOT]).toEqual({
        allocatedAmount: 100.1,
        currentValue: 100.1,
        reservedInTrades: 0,
        availableBalance: 100.1,
        lifetimePnL: 0,
        allocatedAt: at,
        botName: 'Alpha',
        reservation: { opId: OP, seq: 1, balanceAfter: 900 },
      });
      expect(user.walletTransactions).toEqual([
        {
          type: 'allocate',
          amount: -100.1,
          botId: BOT,
          botName: 'Alpha',
          description: 'Allocated $100.10 to Alpha',
          balanceAfter: 900,
          timestamp: at,
          opId: OP,
          seq: 1,
        },
      ]);
      expect(String(user.ledgerState.opening)).toMatch(/^1000\.10*$/);
      expect(user.ledgerState).toMatchObject({ openingRows: 0, seq: 1, settled: [] });
      expect(user).not.toHaveProperty('reclaimReservation');
    });

    it('ordered again, 20 times at once: taken once, and all get the same answer', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const first = await wallets.reserve(order(userId));
      const again = await Promise.all(
        Array.from({ length: 20 }, () => wallets.reserve(order(userId))),
      );
      expect(new Set(again.map((result) => JSON.stringify(result)))).toEqual(
        new Set([JSON.stringify(first)]),
      );
      expect((await readUser(db, userId)).paperWallet.balance).toBe(899.9);
    });

    it('20 different ones at once: each taken once, or refused where nothing is left', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          wallets.reserve(order(userId, { opId: `${OP}${n}`, instanceId: `${BOT}${n}` as never })),
        ),
      );
      const reserved = results.filter(({ status }) => status === 'reserved');
      expect(reserved).toHaveLength(9);
      expect(results.filter(({ status }) => status === 'insufficient-funds')).toHaveLength(11);
      const user = await readUser(db, userId);
      expect(user.paperWallet.balance).toBe(99.1);
      expect(user.walletTransactions.map(({ seq }: { seq: number }) => seq)).toEqual([
        1, 2, 3, 4, 5, 6, 7, 8, 9,
      ]);
    });

    it.each([
      ['a double a little below its cents', 0.3, 30, 'reserved', 0],
      ['a difference that doubles leave below its cents', 0.3 - 0.1, 20, 'reserved', 0],
      ['sums that doubles get wrong', 0.1 + 0.2, 30, 'reserved', 0],
      ['a cent too little', 0.29, 30, 'insufficient-funds', 0.29],
      ['nothing', 0, 1, 'insufficient-funds', 0],
      ['sub-cents that are kept', 10.005, 1_000, 'reserved', 0.005],
      ['the largest amount there is', 1e12, 1e14, 'reserved', 0],
    ])('%s: decided in decimals', async (_, balance, amountMinor, status, left) => {
      const { db, userId, wallets } = await setUp(balance);
      expect((await wallets.reserve(order(userId, { amountMinor }))).status).toBe(status);
      expect((await readUser(db, userId)).paperWallet.balance).toBe(left);
    });

    it.each([
      ['a text', '1000', '"1000"'],
      ['not a number', Number.NaN, 'NaN'],
      ['below zero', -5, '-5'],
      ['nothing', null, 'null'],
    ])('a balance that is %s: not money, and nothing is touched', async (_, balance, found) => {
      const { db, userId, wallets } = await setUp(balance);
      const before = await readUser(db, userId);
      expect(await wallets.reserve(order(userId))).toEqual({
        status: 'not-money',
        field: 'paperWallet.balance',
        found,
      });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('an allocation of that id is there already: occupied, and nothing is touched', async () => {
      const { db, userId, wallets } = await setUp(1000, { [BOT]: allocation(5, 6) });
      const before = await readUser(db, userId);
      expect(await wallets.reserve(order(userId))).toEqual({ status: 'occupied' });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('no such user: account-gone, for a withdrawal too', async () => {
      const { wallets } = await setUp(1000);
      const nobody = order(toUserId('0123456789abcdef01234567'));
      expect(await wallets.reserve(nobody)).toEqual({ status: 'account-gone' });
      expect(await wallets.withdrawReserve(nobody)).toEqual({ status: 'account-gone' });
    });

    it('a user without lists, and a bot name that looks like a field: as it stands', async () => {
      const { db, userId, wallets } = await setUp(1000);
      await users(db).updateOne(byId(userId), {
        $unset: { walletTransactions: 1, botAllocations: 1, __v: 1 },
      });
      expect((await wallets.reserve(order(userId, { botName: '$paperWallet' }))).status).toBe(
        'reserved',
      );
      const user = await readUser(db, userId);
      expect(user.botAllocations[BOT].botName).toBe('$paperWallet');
      expect(user.walletTransactions).toMatchObject([{ botName: '$paperWallet', seq: 1 }]);
    });

    it('the platform erased the row: the allocation still says whose it is', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const first = await wallets.reserve(order(userId));
      await users(db).updateOne(byId(userId), { $set: { walletTransactions: [] } });
      expect(await wallets.reserve(order(userId))).toEqual(first);
      expect((await readUser(db, userId)).paperWallet.balance).toBe(899.9);
    });

    it('the platform took the allocation away: the row says that the money was taken, and it is not taken again', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const first = await wallets.reserve(order(userId));
      await users(db).updateOne(byId(userId), { $set: { botAllocations: {} } });
      expect(await wallets.reserve(order(userId))).toEqual(first);
      expect((await readUser(db, userId)).paperWallet.balance).toBe(899.9);
    });

    it('then settled like any other: the money is back, one opening, and the sequence goes on', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const result = await wallets.reserve(order(userId));
      if (result.status !== 'reserved') throw new Error(result.status);
      const incarnation = {
        userId,
        instanceId: BOT,
        incarnationId: result.reservation.incarnationId,
      };
      const opId = settlementOpId(incarnation);
      const receipt = await pay(wallets, userId, {
        incarnation,
        opId,
        sagaId: SAGA_B,
        reason: 'not-started',
      });
      expect(receipt).toMatchObject({
        amount: 100.1,
        previousBalance: 899.9,
        newBalance: 1000,
        seq: 2,
        description: 'Returned $100.10 from bot that was not started (P&L: +$0.00)',
      });
      const user = await readUser(db, userId);
      expect(String(user.ledgerState.opening)).toMatch(/^1000(\.0*)?$/);
      expect(user.botAllocations).toEqual({});
    });
  });

  describe(`${name}: the withdrawal of a reservation`, () => {
    it('before it landed: it never lands any more, and no money moves', async () => {
      const { db, userId, wallets } = await setUp(1000);
      expect(await wallets.withdrawReserve(order(userId))).toEqual({ status: 'withdrawn' });
      expect(await wallets.withdrawReserve(order(userId))).toEqual({ status: 'withdrawn' });
      expect(await wallets.reserve(order(userId))).toEqual({ status: 'withdrawn' });
      const user = await readUser(db, userId);
      expect(user.paperWallet.balance).toBe(1000);
      expect(user).not.toHaveProperty('ledgerState');
      const another = order(userId, { opId: `${OP}b` });
      expect((await wallets.reserve(another)).status).toBe('reserved');
    });

    it('after it landed: says so, and a late repeat does not land either', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const landed = await wallets.reserve(order(userId));
      expect(await wallets.withdrawReserve(order(userId))).toEqual(landed);
      // Everything that says so is gone from the user, as after a settlement and a legacy writer.
      await users(db).updateOne(byId(userId), {
        $set: { walletTransactions: [], botAllocations: {} },
      });
      expect(await wallets.reserve(order(userId))).toEqual({ status: 'withdrawn' });
      expect((await readUser(db, userId)).paperWallet.balance).toBe(899.9);
    });

    it('racing with the reservation: either it landed, or it never does', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { db, userId, wallets } = await setUp(1000);
        const [reserved, withdrawn] = await Promise.all([
          wallets.reserve(order(userId)),
          wallets.withdrawReserve(order(userId)),
        ]);
        const { balance } = (await readUser(db, userId)).paperWallet;
        expect(balance).toBe(withdrawn.status === 'reserved' ? 899.9 : 1000);
        if (withdrawn.status === 'withdrawn') expect(reserved.status).toBe('withdrawn');
      }
    });

    it('on a wallet that is not money: remembered all the same', async () => {
      const { userId, wallets } = await setUp('1000');
      expect(await wallets.withdrawReserve(order(userId))).toEqual({ status: 'withdrawn' });
    });

    it('older ones than any write can be: forgotten by the next, and no other is', async () => {
      const { db, userId, wallets } = await setUp(1000);
      const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
      const old = { id: 'reserve.old', at: hoursAgo(25) };
      const young = { id: `${OP}b`, at: hoursAgo(23) };
      await users(db).updateOne(byId(userId), { $set: { withdrawn: [old, young] } });
      await wallets.withdrawReserve(order(userId));
      const user = await readUser(db, userId);
      expect(user.withdrawn).toMatchObject([{ id: young.id }, { id: OP }]);
      const late = order(userId, { opId: young.id });
      expect(await wallets.reserve(late)).toEqual({ status: 'withdrawn' });
    });
  });
}
