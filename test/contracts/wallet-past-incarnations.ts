// What every implementation of the Wallets port must know of a bot whose incarnation was settled, whatever the platform has
// done to the document since (I2): the same incarnation is never paid again, and a new one is.

import type { Db, Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { UserId } from '../../src/domain/ids.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import {
  allocation,
  BOT,
  INCARNATION,
  incarnationOf,
  platformSets,
  readUser,
  SAGA_A,
  SAGA_B,
  stamped,
} from '../support/users.ts';
import { lockCommand, pay, setUpWallet } from '../support/wallet-commands.ts';

const MINUTE_MS = 60_000;
const PATH = `botAllocations.${BOT}`;

export function describePastIncarnations(name: string, createWallets: (db: Db) => Wallets): void {
  const undated = (extra: Document = {}) =>
    allocation(100, 110, { allocatedAt: undefined, ...extra });

  /** A bot of 110 that was paid back to a balance of 160, an hour ago, as ledger or tombstone have it; the document
   * has forgotten it, and the given allocation stands there. */
  async function setUp(
    found: unknown,
    { by = 'ledger', rows = [] }: { by?: 'ledger' | 'tombstone'; rows?: Document[] } = {},
  ) {
    const world = await setUpWallet(createWallets, 50, undated());
    const { db, userId, wallets } = world;
    const incarnation = stamped(userId);
    const receipt = await pay(wallets, userId, { incarnation });
    if (by === 'ledger') {
      await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    } else {
      const tombstones = createMongoTombstones({ db });
      const target = { incarnation, sagaId: SAGA_A, epoch: 1 };
      const facts = { firebaseUid: null, slot: null, hadAllocation: true, mayTakeOver: [] };
      await tombstones.open({ ...target, ...NOTHING_OBSERVED, ...facts });
      await tombstones.settle(target);
    }
    const hourAgo = new Date(Date.now() - 60 * MINUTE_MS);
    await db.collection('ledger').updateMany({}, { $set: { at: hourAgo } });
    await db.collection('tombstones').updateMany({}, { $set: { settledAt: hourAgo } });
    await platformSets(db, userId, {
      'ledgerState.settled': [],
      walletTransactions: rows,
      [PATH]: found,
    });
    return { ...world, receipt };
  }

  /** The same, dated, with its settlement's own row in the document and these rows behind it. */
  async function setUpBehind(found: unknown, rows: readonly Document[]) {
    const world = await setUpWallet(createWallets, 50, allocation(100, 110));
    const { db, userId, wallets } = world;
    const receipt = await pay(wallets, userId);
    await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    const [settlement] = (await readUser(db, userId)).walletTransactions.slice(-1);
    const changed = { walletTransactions: [settlement, ...rows], [PATH]: found };
    await platformSets(db, userId, changed);
    return { ...world, settlement };
  }

  const setAside = (minutesAgo: number, amount = 100) => ({
    type: 'allocate',
    botId: BOT,
    amount,
    timestamp: new Date(Date.now() - minutesAgo * MINUTE_MS),
  });

  const markAs = (wallets: Wallets, userId: UserId, incarnationId?: string) =>
    wallets.lock(
      lockCommand(userId, {
        sagaId: SAGA_B,
        incarnation:
          incarnationId === undefined
            ? stamped(userId, SAGA_B)
            : incarnationOf(userId, BOT, incarnationId),
      }),
    );

  describe(`${name}: a bot whose incarnation was settled`, () => {
    it('undated, its receipt forgotten and its row erased: the ledger still knows the bot was paid', async () => {
      const { db, wallets, userId, receipt } = await setUp(undated());
      const before = await readUser(db, userId);
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: receipt.opId },
      });
      expect(await markAs(wallets, userId)).toEqual({
        status: 'already-settled',
        opId: receipt.opId,
      });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('undated, and only its tombstone is left: not paid again', async () => {
      const { wallets, userId, receipt } = await setUp(undated(), { by: 'tombstone' });
      expect(await markAs(wallets, userId)).toMatchObject({ status: 'already-settled' });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: receipt.opId },
      });
    });

    it('undated, and what is known of the bot has paid nothing: payable', async () => {
      const { db, userId, wallets } = await setUpWallet(createWallets, 50, undated());
      const of = { userId, botId: BOT, at: new Date() };
      await db.collection<{ _id: string }>('ledger').insertMany([
        { _id: 'reserve.1', ...of, ...{ opId: 'reserve.1', type: 'allocate' } },
        { _id: 'platform.1', ...of, ...{ opId: 'platform.1', type: 'deallocate' } },
      ]);
      const tombstones = createMongoTombstones({ db });
      const target = { incarnation: stamped(userId), sagaId: SAGA_A, epoch: 1 };
      const facts = { firebaseUid: null, slot: null, hadAllocation: false, mayTakeOver: [] };
      await tombstones.open({ ...target, ...NOTHING_OBSERVED, ...facts });
      await tombstones.settle(target);
      const reading = await wallets.readAllocation(userId, BOT);
      expect(reading).toMatchObject({ allocation: { settledOpId: null } });
    });

    it('undated, its value and its name changed since: an old copy all the same', async () => {
      const { wallets, userId } = await setUp(undated({ currentValue: 900, botName: 'Renamed' }));
      expect(await markAs(wallets, userId)).toMatchObject({ status: 'already-settled' });
    });

    it('undated, and the platform has set its whole amount aside since: a new incarnation, paid once', async () => {
      const rows = [setAside(20)];
      const { db, wallets, userId } = await setUp(undated(), { rows });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: null },
      });
      for (const change of [wallets.dropResurrected, wallets.acceptResurrected]) {
        const target = { incarnation: stamped(userId), mayTakeOver: [] };
        expect(await change(target)).toEqual({ status: 'not-settled' });
      }
      const incarnation = stamped(userId, SAGA_B);
      const receipt = await pay(wallets, userId, { sagaId: SAGA_B, incarnation });
      expect(receipt).toMatchObject({ amount: 110, newBalance: 270 });
      await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_B });
      const again = { 'ledgerState.settled': [], walletTransactions: rows, [PATH]: undated() };
      await platformSets(db, userId, again);
      expect(await markAs(wallets, userId)).toMatchObject({ status: 'already-settled' });
    });

    it('undated, another amount set aside since, or one too close to the settlement: a person decides', async () => {
      for (const row of [setAside(20, 50), setAside(55), { ...setAside(20), botId: 'other' }]) {
        const { wallets, userId } = await setUp(undated(), { rows: [row] });
        expect(await markAs(wallets, userId)).toMatchObject({ status: 'already-settled' });
        const target = { incarnation: stamped(userId, SAGA_B), mayTakeOver: [] };
        expect(await wallets.acceptResurrected(target)).toEqual({ status: 'accepted' });
      }
    });

    it('dated before its newest settlement: an old copy under another date, dropped by it', async () => {
      const { wallets, userId } = await setUp(allocation(100, 110));
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { incarnationId: INCARNATION, settledOpId: expect.stringMatching(/^settle\./) },
      });
      const target = { incarnation: incarnationOf(userId), mayTakeOver: [] };
      expect(await wallets.dropResurrected(target)).toEqual({ status: 'gone' });
      expect((await wallets.readAllocation(userId, BOT)).status).toBe('absent');
    });

    // The platform's clock lags by half an hour: its new incarnation is dated before the settlement of the last one.
    const LAGGING = new Date(Date.now() - 90 * MINUTE_MS);
    const lagging = (extra: Document = {}) =>
      allocation(100, 110, { allocatedAt: LAGGING, ...extra });
    const itsRow = { ...setAside(90), timestamp: LAGGING };

    it('dated before its newest settlement, and its own row stands behind it: a new incarnation, paid once', async () => {
      const { db, wallets, userId, settlement } = await setUpBehind(lagging(), [itsRow]);
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: null },
      });
      const incarnation = incarnationOf(userId, BOT, LAGGING.toISOString());
      for (const change of [wallets.dropResurrected, wallets.acceptResurrected]) {
        expect(await change({ incarnation, mayTakeOver: [] })).toEqual({ status: 'not-settled' });
      }
      expect(await markAs(wallets, userId, LAGGING.toISOString())).toMatchObject({
        status: 'locked',
      });
      const receipt = await pay(wallets, userId, { sagaId: SAGA_B, incarnation });
      expect(receipt).toMatchObject({ amount: 110, newBalance: 270 });
      // The copy of that incarnation, saved again with its rows: whatever their order says, it was paid.
      const again = { walletTransactions: [settlement, itsRow], [PATH]: lagging() };
      await platformSets(db, userId, again);
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: receipt.opId },
      });
    });

    it.each<[string, (settlement: Document) => [Document, readonly Document[]]]>([
      ['its row stands before the settlement', (settlement) => [lagging(), [itsRow, settlement]]],
      ['it has no row', (settlement) => [lagging(), [settlement]]],
      [
        'the row is of another amount',
        (settlement) => [lagging(), [settlement, { ...itsRow, amount: 50 }]],
      ],
      [
        'the row is of another bot',
        (settlement) => [lagging(), [settlement, { ...itsRow, botId: 'other' }]],
      ],
      [
        'the row has another date than it',
        (settlement) => [lagging(), [settlement, { ...itsRow, timestamp: new Date() }]],
      ],
      [
        'the platform has paid it since',
        (settlement) => [
          lagging(),
          [settlement, itsRow, { type: 'deallocate', botId: BOT, amount: 100, timestamp: LAGGING }],
        ],
      ],
      ['the settlement’s row is not there', () => [lagging(), [itsRow]]],
      [
        'a settlement’s row has lost its date',
        (settlement) => [
          lagging(),
          [{ ...settlement, opId: 'settle.other', timestamp: null }, settlement, itsRow],
        ],
      ],
      [
        'an older settlement’s row alone is there',
        (settlement) => [
          lagging(),
          [{ ...settlement, opId: 'settle.older', timestamp: new Date(1_000) }, itsRow],
        ],
      ],
    ])('dated before its newest settlement, and %s: a person decides', async (_what, made) => {
      const { db, wallets, userId, settlement } = await setUpBehind(lagging(), []);
      const [found, walletTransactions] = made(settlement);
      await platformSets(db, userId, { walletTransactions, [PATH]: found });
      const { allocation: read } = Object(await wallets.readAllocation(userId, BOT));
      expect(read.settledOpId).toMatch(/^settle\./);
      const incarnation = incarnationOf(userId, BOT, LAGGING.toISOString());
      const target = { incarnation, mayTakeOver: [] };
      expect(await wallets.acceptResurrected(target)).toEqual({ status: 'accepted' });
    });

    it.each([
      ['the document alone knows', null],
      ['the ledger alone knows', { 'ledgerState.settled': [], walletTransactions: [] }],
    ])(
      'dated by a clock that is ahead, after its own settlement, of which %s: an old copy, dropped by it',
      async (_, forgotten) => {
        const allocatedAt = new Date(Date.now() + 60 * MINUTE_MS);
        const found = allocation(100, 110, { allocatedAt });
        const { db, wallets, userId } = await setUpWallet(createWallets, 50, found);
        const incarnation = incarnationOf(userId, BOT, allocatedAt.toISOString());
        const receipt = await pay(wallets, userId, { incarnation });
        const posting = { receipt, firebaseUid: null, sagaId: SAGA_A };
        if (forgotten !== null) await createMongoLedger({ db }).post(posting);
        await platformSets(db, userId, { ...forgotten, [PATH]: found });
        expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
          allocation: { settledOpId: receipt.opId },
        });
        const target = { incarnation, mayTakeOver: [] };
        expect(await wallets.dropResurrected(target)).toEqual({ status: 'gone' });
        expect((await wallets.readAllocation(userId, BOT)).status).toBe('absent');
      },
    );

    it('dated after its newest settlement: a new incarnation, payable at once', async () => {
      const allocatedAt = new Date(Date.now() - 59 * MINUTE_MS);
      const { wallets, userId } = await setUp(allocation(100, 110, { allocatedAt }));
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: null },
      });
      expect(await markAs(wallets, userId, allocatedAt.toISOString())).toEqual({
        status: 'locked',
        value: 110,
      });
    });
  });
}
