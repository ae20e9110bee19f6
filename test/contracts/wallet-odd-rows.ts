// What every implementation of the Wallets port must read of a user whatever stands where the platform keeps its rows: rows
// that tell nothing of a bot change no answer, and one settlement among them does (I2).

import { type Db, type Document, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import { settlementOpId } from '../../src/domain/incarnation.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { allocation, BOT, incarnationOf, platformSets, stamped } from '../support/users.ts';
import { lockCommand, pay, settleCommand, setUpWallet } from '../support/wallet-commands.ts';

const OTHER = toInstanceId('uid-bot-2');
const OP_ID = `settle.${'0'.repeat(40)}`;
const SETTLED_AT = new Date('2026-12-24T00:00:00Z');
const SETTLEMENT = { type: 'deallocate', opId: OP_ID, botId: BOT, timestamp: SETTLED_AT };

/** Of no settlement of the bot, though much in them looks like one. */
const SILENT: readonly unknown[] = [
  ...[null, 5, OP_ID, true, [], [SETTLEMENT], new ObjectId(), SETTLED_AT],
  { type: 'allocate', botId: BOT, amount: -100, timestamp: SETTLED_AT },
  { ...SETTLEMENT, botId: OTHER },
  { ...SETTLEMENT, botId: [BOT] },
  { ...SETTLEMENT, botId: { $id: BOT } },
  { ...SETTLEMENT, opId: 5 },
  { ...SETTLEMENT, opId: [OP_ID] },
  { ...SETTLEMENT, opId: /^settle\./ },
  { ...SETTLEMENT, opId: 'reserve.x' },
  { ...SETTLEMENT, opId: ` ${OP_ID}` },
  { row: SETTLEMENT },
];

export function describeOddRows(name: string, createWallets: (db: Db) => Wallets): void {
  async function setUp(rows: unknown, bot: Document = allocation(100, 110)) {
    const world = await setUpWallet(createWallets, 50, bot);
    await platformSets(world.db, world.userId, { walletTransactions: rows });
    return world;
  }

  describe(`${name}: odd rows`, () => {
    it.each([
      ['none', []],
      ['null', null],
      ['a list of everything', SILENT],
      ['a list in the list', [[...SILENT]]],
    ])('%s: a bot that was never settled, locked and paid', async (_what, rows) => {
      const { wallets, userId } = await setUp(rows);
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: null, notMoney: null },
      });
      const { opId } = settleCommand(userId);
      expect(await wallets.findReceipt(userId, opId)).toBe(null);
      const receipt = await pay(wallets, userId);
      expect(receipt).toMatchObject({ opId, newBalance: 160 });
      expect(await wallets.findReceipt(userId, opId)).toEqual(receipt);
    });

    it('no list at all: as good as an empty one', async () => {
      const { db, wallets, userId } = await setUp([]);
      await db.collection('users').updateMany({}, { $unset: { walletTransactions: 1 } });
      const reading = await wallets.readAllocation(userId, BOT);
      expect(reading).toMatchObject({ allocation: { settledOpId: null, notMoney: null } });
      expect(await pay(wallets, userId)).toMatchObject({ newBalance: 160 });
    });

    it.each([
      ['an object', { 0: SETTLEMENT }],
      ['a text', 'rows'],
      ['a number', 0],
      ['false', false],
    ])('%s in place of the list: named, and not paid', async (_what, rows) => {
      const { wallets, userId } = await setUp(rows);
      const wrong = { field: 'walletTransactions', found: 'not a list' };
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { notMoney: wrong },
      });
      expect(await wallets.readAllocation(userId, OTHER)).toMatchObject({ status: 'absent' });
      await wallets.lock(lockCommand(userId));
      expect(await wallets.settle(settleCommand(userId))).toEqual({
        status: 'not-money',
        ...wrong,
      });
    });

    it.each([
      ['first', [SETTLEMENT, ...SILENT]],
      ['last', [...SILENT, SETTLEMENT]],
      ['after one of another operation', [{ ...SETTLEMENT, timestamp: new Date(0) }, SETTLEMENT]],
    ])('a settlement of the bot, %s: it was settled, whoever asks', async (_where, rows) => {
      const { wallets, userId } = await setUp(rows);
      const known = { status: 'present', allocation: { settledOpId: OP_ID } };
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject(known);
      expect(await wallets.readAllocation(userId, BOT, 'absent')).toMatchObject(known);
      const together = await Promise.all(
        [BOT, OTHER].map((instanceId) => wallets.readAllocation(userId, instanceId)),
      );
      expect(together).toMatchObject([known, { status: 'absent' }]);
      expect(await wallets.findReceipt(userId, OP_ID)).toMatchObject({ opId: OP_ID });
    });

    it('the row of this very operation, of another bot or none: a receipt, and no second payment', async () => {
      const { db, wallets, userId } = await setUp([]);
      const { opId } = settleCommand(userId);
      await wallets.lock(lockCommand(userId));
      for (const botId of [OTHER, undefined]) {
        await platformSets(db, userId, { walletTransactions: [{ ...SETTLEMENT, opId, botId }] });
        const result = await wallets.settle(settleCommand(userId));
        expect(result).toMatchObject({ status: 'settled', receipt: { opId } });
        expect(await wallets.abortSettlement(settleCommand(userId))).toBe('settled');
      }
      expect((await db.collection('users').findOne({}))?.paperWallet.balance).toBe(50);
    });

    it('undated, paid before and set aside since: locked as a new one, alone and beside others', async () => {
      const row = { type: 'allocate', botId: BOT, amount: -100, timestamp: SETTLED_AT };
      const past = { ...SETTLEMENT, timestamp: new Date('2026-12-23T00:00:00Z') };
      const { wallets, userId } = await setUp(
        [past, row],
        allocation(100, 110, { allocatedAt: undefined }),
      );
      const incarnation = stamped(userId);
      expect(await wallets.lock(lockCommand(userId, { incarnation }))).toEqual({
        status: 'locked',
        value: 110,
      });
      const again = await Promise.all([
        wallets.lock(lockCommand(userId, { incarnation })),
        wallets.lock(lockCommand(userId, { incarnation })),
      ]);
      expect(again.every(({ status }) => status === 'locked')).toBe(true);
      expect(await wallets.settle(settleCommand(userId, { incarnation }))).toMatchObject({
        receipt: { opId: settlementOpId(incarnationOf(userId, BOT, incarnation.incarnationId)) },
      });
    });
  });
}
