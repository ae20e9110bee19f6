// What every implementation of the Wallets port must do with an allocation that was settled and came back
// (I2): nothing is paid for it, and it is touched only while it is certain that it was.

import type { Db, Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { UserId } from '../../src/domain/ids.ts';
import { settlementOpId, stampedIncarnationId } from '../../src/domain/incarnation.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import type { ResurrectedTarget, Wallets } from '../../src/wallet/wallets.ts';
import {
  allocation,
  BOT,
  byId,
  INCARNATION,
  incarnationOf,
  platformSets,
  readUser,
  SAGA_A,
  SAGA_B,
  stamped,
  users,
} from '../support/users.ts';
import { lockCommand, pay, setUpWallet } from '../support/wallet-commands.ts';

export function describeResurrections(name: string, createWallets: (db: Db) => Wallets): void {
  const target = (userId: UserId, given: Partial<ResurrectedTarget> = {}): ResurrectedTarget => ({
    incarnation: incarnationOf(userId),
    mayTakeOver: [],
    ...given,
  });

  /** A bot of 110 that was paid back to a balance of 160, and whose allocation somebody put back. */
  async function setUp(copyOf: (user: Document) => Document = allocationsOf) {
    const world = await setUpWallet(createWallets, 50, allocation(100, 110));
    const { db, userId, wallets } = world;
    const stale = await readUser(db, userId);
    const receipt = await pay(wallets, userId);
    await platformSets(db, userId, copyOf(stale));
    return { ...world, stale, receipt };
  }

  describe(`${name}: an allocation that was settled and came back`, () => {
    it('dropped, as often as one likes: out of the document, not paid, everything else stays', async () => {
      const { db, wallets, userId } = await setUp(({ botAllocations }) => ({
        botAllocations: { ...botAllocations, 'other.bot': allocation(7, 8) },
      }));
      const before = await readUser(db, userId);
      expect(await wallets.dropResurrected(target(userId))).toEqual({ status: 'gone' });
      expect(await wallets.dropResurrected(target(userId))).toEqual({ status: 'gone' });
      expect(await readUser(db, userId)).toEqual({
        ...before,
        botAllocations: { 'other.bot': allocation(7, 8) },
        __v: before.__v + 1,
      });
    });

    it('accepted: an incarnation of its own from now on, unlocked, unpaid, payable once', async () => {
      const { db, wallets, userId, receipt } = await setUp();
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { settledOpId: receipt.opId },
      });
      expect(await wallets.acceptResurrected(target(userId))).toEqual({ status: 'accepted' });
      const accepted = await readUser(db, userId);
      const { allocatedAt } = accepted.botAllocations[BOT];
      expect(allocatedAt).toBeInstanceOf(Date);
      expect(allocatedAt.getTime()).toBeGreaterThan(Date.parse(INCARNATION));
      expect(accepted.botAllocations[BOT]).toEqual(
        allocation(100, 110, { allocatedAt, acceptedFrom: INCARNATION }),
      );
      const incarnationId = allocatedAt.toISOString();
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { incarnationId, value: 110, notMoney: null, lock: null, settledOpId: null },
      });

      expect(await wallets.acceptResurrected(target(userId))).toEqual({ status: 'accepted' });
      expect(await readUser(db, userId)).toEqual(accepted);

      const incarnation = incarnationOf(userId, BOT, incarnationId);
      const paid = await pay(wallets, userId, { incarnation });
      expect(paid).toMatchObject({ amount: 110, newBalance: 270 });
      expect(paid.opId).not.toBe(receipt.opId);
      expect(await wallets.lock(lockCommand(userId, { incarnation }))).toMatchObject({
        status: 'already-settled',
      });
    });

    it('accepted before: not dropped any more, because it may be paid', async () => {
      const { db, wallets, userId } = await setUp();
      await wallets.acceptResurrected(target(userId));
      const before = await readUser(db, userId);
      expect(await wallets.dropResurrected(target(userId))).toEqual({ status: 'accepted' });
      expect(await readUser(db, userId)).toEqual(before);
    });

    it('never settled: neither dropped nor accepted, whatever date it has', async () => {
      for (const extra of [{}, { allocatedAt: undefined }]) {
        const { db, wallets, userId } = await setUpWallet(
          createWallets,
          50,
          allocation(100, 110, extra),
        );
        const before = await readUser(db, userId);
        const incarnation = 'allocatedAt' in extra ? stamped(userId) : incarnationOf(userId);
        for (const change of [wallets.dropResurrected, wallets.acceptResurrected]) {
          expect(await change(target(userId, { incarnation }))).toEqual({ status: 'not-settled' });
        }
        expect(await readUser(db, userId)).toEqual(before);
      }
    });

    it('a lock came back with it: refused by its name until its saga is known to be over', async () => {
      const { db, wallets, userId } = await setUp(({ botAllocations }) => {
        const lockedBy = { sagaId: SAGA_A, epoch: 3, value: 110, incarnationId: INCARNATION };
        return { botAllocations: { [BOT]: { ...botAllocations[BOT], lockedBy } } };
      });
      const before = await readUser(db, userId);
      for (const change of [wallets.dropResurrected, wallets.acceptResurrected]) {
        const refused = { status: 'locked', sagaId: SAGA_A };
        expect(await change(target(userId))).toEqual(refused);
        expect(await change(target(userId, { mayTakeOver: [SAGA_B] }))).toEqual(refused);
      }
      expect(await readUser(db, userId)).toEqual(before);
      const over = target(userId, { mayTakeOver: [SAGA_A] });
      expect(await wallets.acceptResurrected(over)).toEqual({ status: 'accepted' });
      expect(await wallets.readAllocation(userId, BOT)).toMatchObject({
        allocation: { lock: null, settledOpId: null },
      });
    });

    it('another incarnation stands there: what was settled is gone, the new incarnation is not touched', async () => {
      const { db, wallets, userId } = await setUp(() => ({
        botAllocations: { [BOT]: allocation(5, 5, { allocatedAt: new Date(1_700_000_000_000) }) },
      }));
      const before = await readUser(db, userId);
      const undated = target(userId, { incarnation: stamped(userId) });
      for (const which of [target(userId), undated]) {
        expect(await wallets.dropResurrected(which)).toEqual({ status: 'gone' });
        expect(await wallets.acceptResurrected(which)).toEqual({ status: 'gone' });
      }
      expect(await readUser(db, userId)).toEqual(before);
      await users(db).deleteOne(byId(userId));
      expect(await wallets.acceptResurrected(target(userId))).toEqual({ status: 'gone' });
    });

    it('an undated copy of a bot that was settled: one of no incarnation of its own, dropped or accepted', async () => {
      for (const change of ['dropResurrected', 'acceptResurrected'] as const) {
        const undated = allocation(100, 110, { allocatedAt: undefined });
        const { db, wallets, userId } = await setUpWallet(createWallets, 50, undated);
        await pay(wallets, userId, { incarnation: stamped(userId) });
        await platformSets(db, userId, { botAllocations: { [BOT]: undated } });
        // Another saga has seen it since, and named the finding by its own stamp.
        const incarnation = incarnationOf(userId, BOT, stampedIncarnationId(SAGA_B));
        const { status } = await wallets[change](target(userId, { incarnation }));
        expect(status).toBe(change === 'dropResurrected' ? 'gone' : 'accepted');
        const reading = await wallets.readAllocation(userId, BOT);
        if (change === 'dropResurrected') {
          expect(reading.status).toBe('absent');
          const accepted = await wallets.acceptResurrected(target(userId, { incarnation }));
          expect(accepted).toEqual({ status: 'gone' });
          expect(await wallets.readAllocation(userId, BOT)).toEqual(reading);
        } else expect(reading).toMatchObject({ allocation: { settledOpId: null } });
        expect((await readUser(db, userId)).paperWallet.balance).toBe(160);
      }
    });

    it('the whole document went back: only the ledger still knows, and that is enough', async () => {
      const { db, wallets, userId, stale, receipt } = await setUp();
      await users(db).replaceOne(byId(userId), stale, { bypassDocumentValidation: true });
      expect(await wallets.acceptResurrected(target(userId))).toEqual({ status: 'not-settled' });
      await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
      expect(await wallets.acceptResurrected(target(userId))).toEqual({ status: 'accepted' });
      expect((await readUser(db, userId)).paperWallet.balance).toBe(50);
    });

    it('ten drop it and ten accept it at once: all are told the same, and it is one of the two', async () => {
      const { db, wallets, userId } = await setUp();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          n % 2 === 0
            ? wallets.dropResurrected(target(userId))
            : wallets.acceptResurrected(target(userId)),
        ),
      );
      const { botAllocations, paperWallet } = await readUser(db, userId);
      const isThere = Object.hasOwn(botAllocations, BOT);
      const told = new Set(answers.map(({ status }) => status));
      expect(told).toEqual(new Set([isThere ? 'accepted' : 'gone']));
      expect(paperWallet.balance).toBe(160);
      if (isThere) {
        const incarnationId = botAllocations[BOT].allocatedAt.toISOString();
        const opId = settlementOpId(incarnationOf(userId, BOT, incarnationId));
        expect(await wallets.findReceipt(userId, opId)).toBeNull();
      }
    });
  });
}

function allocationsOf({ botAllocations }: Document): Document {
  return { botAllocations };
}
