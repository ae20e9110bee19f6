// What every implementation of the Holdings port must do.

import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toInstanceId, type UserId } from '../../src/domain/ids.ts';
import type { Holdings, UserHoldings } from '../../src/sync/mongodb/holdings.ts';
import { allOfStream } from '../support/all-of-stream.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, putUser, users } from '../support/users.ts';

/** More than one batch, whatever its size is. */
const MANY = 4_500;

export function describeHoldings(name: string, create: (db: Db) => Holdings): void {
  async function setUp() {
    const db = await createTestDatabase();
    const put = (firebaseUid: string, bots: Readonly<Record<string, unknown>>) =>
      putUser(db, { balance: 1, bots, firebaseUid });
    return { db, holdings: create(db), put };
  }
  function all(holdings: Holdings): Promise<readonly UserHoldings[]> {
    const { signal } = new AbortController();
    return allOfStream(holdings.stream({ signal }));
  }

  describe(name, () => {
    it('streamed: who has an allocation, with every id of a bot; keys that are none are left out', async () => {
      const { db, holdings, put } = await setUp();
      const ann = await put('uid-ann', {
        'uid-ann-bot-1': allocation(1, 1),
        'a.b-bot-2': 'not even an allocation',
        'an id': allocation(1, 1),
        'no\nid': allocation(1, 1),
        '..': allocation(1, 1),
        $where: allocation(1, 1),
      });
      await put('uid-nothing', {});
      await users(db).insertMany([
        { firebaseUid: 'uid-before-wallets' },
        { firebaseUid: 'uid-text', botAllocations: 'none' },
        { firebaseUid: 'uid-list', botAllocations: ['uid-list-bot-1'] },
        { botAllocations: { 'old-1': allocation(1, 1) } },
      ]);
      const [first, second, ...more] = await all(holdings);
      expect(more).toEqual([]);
      expect(first).toEqual({
        userId: ann,
        firebaseUid: 'uid-ann',
        instanceIds: ['uid-ann-bot-1', 'a.b-bot-2', 'an id', '$where'],
      });
      expect(second).toMatchObject({ firebaseUid: null, instanceIds: ['old-1'] });
    });

    it('streamed by the thousands: everybody, once', async () => {
      const { db, holdings } = await setUp();
      await users(db).insertMany(
        Array.from({ length: MANY }, (_, n) => ({
          firebaseUid: `uid-${n}`,
          botAllocations: { [`uid-${n}-bot-1`]: allocation(1, 1) },
        })),
      );
      const found = await all(holdings);
      expect(new Set(found.map(({ userId }) => userId)).size).toBe(MANY);
      expect(found).toHaveLength(MANY);
    });

    it('streamed until the signal: it ends with an error, never as if that had been everybody', async () => {
      const { db, holdings } = await setUp();
      await users(db).insertMany(
        Array.from({ length: MANY }, (_, n) => ({ botAllocations: { [`b-${n}`]: {} } })),
      );
      const stop = new AbortController();
      const read = async () => {
        for await (const _batch of holdings.stream({ signal: stop.signal })) stop.abort();
      };
      await expect(read()).rejects.toThrow();
    });

    it('worth: in cents, half to the even one; the amount where there is no value; what is no money, or gone, is left out', async () => {
      const { holdings, put } = await setUp();
      const values: Record<string, unknown> = {
        ...{ even: 2.665, odd: 2.675, whole: 1105, zero: 0, none: undefined, null: null },
        ...{ text: '61.5', negative: -12.5, nan: Number.NaN, endless: Number.POSITIVE_INFINITY },
      };
      const bots = Object.entries(values).map(([id, value]) => [id, allocation(40, value)]);
      const ann = await put('uid-ann', Object.fromEntries(bots));
      const asked = [...Object.keys(values), 'gone'].map((id) => heldBot(ann, id));
      const worth = await holdings.worth(asked);
      const byId = Object.fromEntries(worth.map((bot) => [bot.instanceId, bot.valueMinor]));
      expect(byId).toEqual({
        even: 266,
        odd: 268,
        whole: 110_500,
        zero: 0,
        none: 4_000,
        null: 4_000,
      });
      expect(new Set(worth.map(({ userId }) => userId))).toEqual(new Set([ann]));
    });

    it('worth of the same id with two users: each their own, and nobody’s who was not asked for', async () => {
      const { holdings, put } = await setUp();
      const ann = await put('uid-ann', { 'x.y': allocation(1, 1), other: allocation(1, 5) });
      const ben = await put('uid-ben', { 'x.y': allocation(1, 2), other: allocation(1, 6) });
      const worth = await holdings.worth([
        heldBot(ann, 'x.y'),
        heldBot(ben, 'x.y'),
        heldBot(ben, 'other'),
      ]);
      expect(
        worth.map(({ userId, instanceId, valueMinor }) => [userId, instanceId, valueMinor]),
      ).toEqual([
        [ann, 'x.y', 100],
        [ben, 'x.y', 200],
        [ben, 'other', 600],
      ]);
      expect(await holdings.worth([])).toEqual([]);
    });

    it('users by their firebaseUids and ids: those that exist, and whom the name means alone', async () => {
      const { holdings, put } = await setUp();
      const [ann, ben] = [await put('uid-ann', {}), await put('uid-ben', {})];
      await put(ben, {});
      const asked = ['uid-ann', 'uid-nobody', '$ne', ann, ben, '0'.repeat(24)];
      const owner = { userId: ann, firebaseUid: 'uid-ann' };
      expect(await holdings.usersOf(asked)).toEqual(
        new Map([
          ['uid-ann', owner],
          [ann, owner],
        ]),
      );
      expect(await holdings.usersOf([])).toEqual(new Map());
    });
  });
}

function heldBot(userId: UserId, id: string) {
  return { userId, instanceId: toInstanceId(id) };
}
