// The twins that no text of one place is: each is put in through a port, and one scenario is played with it and without.

import type { Db } from 'mongodb';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { createTestQueue } from '../../packages/saga/test/support/saga-queue.ts';
import { createSagaWorld, sagaOf, stepsOf } from '../../packages/saga/test/support/saga-world.ts';
import type { UserId } from '../../src/domain/ids.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { createTestAudit, type TestAuditOptions } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { seenByReaders } from '../support/observed-by-readers.ts';
import { allocation, BOT, byId, putUser, readUser, users } from '../support/users.ts';
import { lockCommand, pay, settleCommand, setUpWallet } from '../support/wallet-commands.ts';
import { breaches, playTwins } from './bite.ts';

const BALANCE = 50;
const VALUE = 110;

/** A relay observes a new saga when it has had time to be taken by its first job. */
const RELAY_PASS_MS = 3_000;

playTwins({
  'settlement-in-two-updates': async (part) => {
    const create = (db: Db) => createMongoWallets({ db });
    const { db, userId, wallets } = await setUpWallet(create, BALANCE, allocation(100, VALUE));
    const paying = part === 'twin' ? inTwoUpdates(db, wallets) : wallets;
    await wallets.lock(lockCommand(userId));
    const observed = await seenByReaders(db, userId, () => paying.settle(settleCommand(userId)));
    return breaches({
      'the scenario has not paid': observed.at(-1)?.paperWallet.balance !== BALANCE + VALUE,
      'a reader saw one without the other': !observed.every(
        ({ paperWallet, botAllocations, walletTransactions }) => {
          const isPaid = paperWallet.balance !== BALANCE;
          const isTaken = botAllocations[BOT] === undefined;
          return isPaid === isTaken && isPaid === walletTransactions.length > 0;
        },
      ),
    });
  },

  'enqueued-and-not-inserted': async (part) => {
    const queue = await createTestQueue();
    const db = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(db));
    const engine = await createTestEngine({
      ...{ db, definitions: [sagaOf([make.undoable('a')])], wakeUps: queue.wakeUps },
      ...(part === 'twin' && { wrapLog: insertLater }),
    });
    const id = await engine.start();
    await queue.flush();
    await engine.pass(RELAY_PASS_MS);
    const overdue = await engine.log.takeOverdue({ limit: 10, holdMs: 1_000 });
    return breaches({ 'accepted, and gone with Redis': !overdue.some((saga) => saga.id === id) });
  },

  'audit-that-repairs': async (part) => {
    const db = await createTestDatabase();
    const bots = { [BOT]: allocation(0.1, 0.1) };
    const userId = await putUser(db, { balance: 10.005, bots });
    const repairs: Promise<unknown>[] = [];
    const repairing: TestAuditOptions = {
      onDifference: (difference) => void repairs.push(repair(db, userId, difference)),
    };
    const auditing = createTestAudit(db, part === 'twin' ? repairing : {});
    await pay(auditing.wallets, userId);
    await auditing.auditUser(userId);
    // A writer that leaves no row.
    await users(db).updateOne(byId(userId), { $inc: { 'paperWallet.balance': 7 } });
    const before = (await readUser(db, userId)).paperWallet.balance;
    await auditing.auditUser(userId);
    await Promise.all(repairs);
    return breaches({
      'a change that nothing explains is not told':
        (await auditing.findingsOf(userId)).length !== 1,
      'the audit wrote a balance': (await readUser(db, userId)).paperWallet.balance !== before,
    });
  },
});

function inTwoUpdates(db: Db, wallets: Wallets): Wallets {
  return {
    ...wallets,
    settle: async (command) => {
      const user = byId(command.userId);
      await users(db).updateOne(user, { $inc: { 'paperWallet.balance': VALUE } });
      const row = { type: 'deallocate', amount: VALUE, opId: command.opId };
      const taken = {
        $unset: { [`botAllocations.${BOT}`]: 1 },
        $push: { walletTransactions: row },
      };
      await users(db).updateOne(user, taken as object);
      return { status: 'absent' };
    },
  };
}

/** The job carries the saga, and the worker that takes it is to insert it. */
function insertLater(log: SagaLog): SagaLog {
  return {
    ...log,
    insert: async (saga) => {
      const now = new Date().toISOString();
      const moments = { createdAt: now, finishedAt: null, unrunnableSince: null };
      const unclaimed = { open: true, revision: 1, epoch: 0, result: null, history: [] };
      const made = { ...saga, ...moments, ...unclaimed, writeId: saga.id };
      return { status: 'inserted', saga: made };
    },
  };
}

function repair(db: Db, userId: UserId, { expected }: { readonly expected: string }) {
  const set = { $set: { 'paperWallet.balance': Number(expected) } };
  return users(db).updateOne(byId(userId), set);
}
