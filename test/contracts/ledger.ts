// What every implementation of the Ledger port must do (I2, I11).

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { BadCursorError } from '../../packages/saga/src/errors.ts';
import { toFirebaseUid, toUserId, type UserId } from '../../src/domain/ids.ts';
import type { Ledger, SettlementEntry } from '../../src/wallet/ledger.ts';
import type { Receipt } from '../../src/wallet/receipts.ts';
import { createTestDatabase } from '../support/database.ts';
import { BOT, INCARNATION, SAGA_A, SAGA_B } from '../support/users.ts';

const USER = toUserId('00000000000000000000000a');

function entry(opId: string, given: Partial<Receipt> = {}): SettlementEntry {
  return {
    sagaId: SAGA_A,
    firebaseUid: toFirebaseUid('uid'),
    receipt: {
      opId,
      userId: USER,
      instanceId: BOT,
      incarnationId: INCARNATION,
      botName: 'Bot $1',
      amount: 0.2,
      pnl: -0.05,
      previousBalance: 0.1,
      newBalance: 0.3,
      amountMinor: 20,
      pnlMinor: -5,
      exactValue: '0.20000001',
      description: 'Returned $0.20 from deleted bot (P&L: -$0.05)',
      seq: 1,
      settledAt: '2026-11-22T10:00:00.000Z',
      ...given,
    },
  };
}

export function describeLedger(name: string, createLedger: (db: Db) => Ledger) {
  async function setUp() {
    const db = await createTestDatabase();
    return { db, ledger: createLedger(db) };
  }

  describe(name, () => {
    it('posted once: there, in cents and unrounded', async () => {
      const { ledger } = await setUp();
      expect(await ledger.find('settle.1')).toBeNull();
      expect(await ledger.post(entry('settle.1'))).toBe('posted');
      expect(await ledger.find('settle.1')).toEqual({
        opId: 'settle.1',
        type: 'deallocate',
        amount: 0.2,
        amountMinor: 20,
        currency: 'USD',
        exactValue: '0.20000001',
        botId: BOT,
        botName: 'Bot $1',
        description: 'Returned $0.20 from deleted bot (P&L: -$0.05)',
        balanceAfter: 0.3,
        seq: 1,
        sagaId: SAGA_A,
        source: 'reclaim',
        standing: 'counted',
        at: '2026-11-22T10:00:00.000Z',
      });
    });

    it('money set aside for a new bot: an entry of its own, below zero, as often as one likes', async () => {
      const { ledger } = await setUp();
      const reservation = {
        opId: 'reserve.1',
        userId: USER,
        instanceId: BOT,
        incarnationId: INCARNATION,
        botName: '$Alpha',
        amountMinor: 10_005,
        previousBalance: 1000,
        newBalance: 899.95,
        description: 'Allocated $100.05 to $Alpha',
        seq: 4,
      };
      const posting = { reservation, firebaseUid: toFirebaseUid('uid'), sagaId: SAGA_A };
      expect(await ledger.postReservation(posting)).toBe('posted');
      expect(await ledger.postReservation({ ...posting, sagaId: SAGA_B })).toBe('exists');
      expect(await ledger.find('reserve.1')).toEqual({
        standing: 'counted',
        opId: 'reserve.1',
        type: 'allocate',
        amount: -100.05,
        amountMinor: -10_005,
        currency: 'USD',
        exactValue: '-100.05',
        botId: BOT,
        botName: '$Alpha',
        description: 'Allocated $100.05 to $Alpha',
        balanceAfter: 899.95,
        seq: 4,
        sagaId: SAGA_A,
        source: 'reclaim',
        at: INCARNATION,
      });
      const other = { ...posting, reservation: { ...reservation, amountMinor: 1 } };
      await expect(ledger.postReservation(other)).rejects.toMatchObject({
        code: 'LEDGER_DISAGREES',
      });
    });

    it('posted again, by another saga too: the first entry stays as it is', async () => {
      const { ledger } = await setUp();
      await ledger.post(entry('settle.1'));
      const first = await ledger.find('settle.1');
      expect(await ledger.post(entry('settle.1'))).toBe('exists');
      expect(await ledger.post({ ...entry('settle.1'), sagaId: SAGA_B })).toBe('exists');
      expect(await ledger.find('settle.1')).toEqual(first);
    });

    it('posted 50 times at once: one entry, posted by exactly one', async () => {
      const { db, ledger } = await setUp();
      const other = createLedger(db);
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (n % 2 ? ledger : other).post(entry('settle.1'))),
      );
      expect(results.filter((result) => result === 'posted')).toHaveLength(1);
      expect((await ledger.page(USER, { limit: 10 })).entries).toHaveLength(1);
    });

    it.each([
      ['amountMinor', { amountMinor: 21 }],
      ['pnlMinor', { pnlMinor: 5 }],
      ['userId', { userId: toUserId('00000000000000000000000b') }],
    ])(
      'the same operation with another %s: refused, its neighbours posted',
      async (field, other) => {
        const { ledger } = await setUp();
        await ledger.post(entry('settle.1'));
        const [wrong, right] = await Promise.allSettled([
          ledger.post(entry('settle.1', other)),
          ledger.post(entry('settle.2')),
        ]);
        expect(wrong).toMatchObject({ reason: { code: 'LEDGER_DISAGREES', context: { field } } });
        expect(right).toEqual({ status: 'fulfilled', value: 'posted' });
      },
    );

    it('money of an account that is gone: written off in cents, moves no balance', async () => {
      const { ledger } = await setUp();
      const lost = {
        opId: 'writeoff.1',
        userId: USER,
        instanceId: BOT,
        botName: 'Bot 1',
        value: 2.675,
        sagaId: SAGA_A,
      };
      expect(await ledger.writeOff(lost)).toBe('posted');
      expect(await ledger.writeOff(lost)).toBe('exists');
      expect(await ledger.find('writeoff.1')).toMatchObject({
        type: 'write-off',
        amountMinor: 268,
        amount: 2.68,
        exactValue: '2.675',
        balanceAfter: null,
        standing: 'informational',
        at: expect.stringMatching(/Z$/),
      });
    });

    it('pages: newest first, nothing twice, nothing left out, only of this user', async () => {
      const { ledger } = await setUp();
      const posts: Promise<unknown>[] = [];
      for (let n = 0; n < 25; n += 1) {
        // Several entries share a moment, as settlements of one batch do.
        const settledAt = new Date(Date.UTC(2026, 0, 1, 0, 0, Math.trunc(n / 4))).toISOString();
        posts.push(ledger.post(entry(`settle.${n}`, { settledAt })));
      }
      const stranger: UserId = toUserId('00000000000000000000000c');
      posts.push(ledger.post(entry('settle.x', { userId: stranger })));
      await Promise.all(posts);
      const observed: string[] = [];
      const moments: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<Ledger['page']>> = await ledger.page(USER, {
          limit: 7,
          ...(cursor === null ? {} : { cursor }),
        });
        observed.push(...page.entries.map(({ opId }) => opId));
        moments.push(...page.entries.map(({ at }) => at));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(new Set(observed).size).toBe(25);
      expect(observed).toHaveLength(25);
      expect(moments).toEqual([...moments].sort().reverse());
      await expect(ledger.page(USER, { limit: 7, cursor: 'nonsense' })).rejects.toThrow(
        BadCursorError,
      );
    });
  });
}
