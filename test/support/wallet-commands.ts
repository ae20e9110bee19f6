// The commands of a deletion against a wallet, with everything filled in that a test does not care about.

import type { Db } from 'mongodb';
import type { UserId } from '../../src/domain/ids.ts';
import { settlementOpId } from '../../src/domain/incarnation.ts';
import type { Receipt } from '../../src/wallet/receipts.ts';
import type { LockCommand, LockTarget, SettleCommand, Wallets } from '../../src/wallet/wallets.ts';
import { createTestDatabase } from './database.ts';
import { BOT, incarnationOf, putUser, SAGA_A } from './users.ts';

/** One user with one bot, and the wallets under test on their database. */
export async function setUpWallet(
  createWallets: (db: Db) => Wallets,
  balance: unknown,
  bot: unknown,
) {
  const db = await createTestDatabase();
  const userId = await putUser(db, { balance, bots: { [BOT]: bot } });
  return { db, userId, wallets: createWallets(db) };
}

/** Whose lock is meant. */
export function lockTarget(userId: UserId, epoch = 1, sagaId = SAGA_A): LockTarget {
  return { userId, instanceId: BOT, sagaId, epoch };
}

export function lockCommand(userId: UserId, given: Partial<LockCommand> = {}): LockCommand {
  const instanceId = given.instanceId ?? BOT;
  return {
    userId,
    instanceId,
    sagaId: SAGA_A,
    epoch: 1,
    incarnation: incarnationOf(userId, instanceId),
    value: null,
    mayTakeOver: [],
    ...given,
  };
}

export function settleCommand(userId: UserId, given: Partial<SettleCommand> = {}): SettleCommand {
  const instanceId = given.instanceId ?? BOT;
  const incarnation = given.incarnation ?? incarnationOf(userId, instanceId);
  return {
    userId,
    instanceId,
    sagaId: SAGA_A,
    epoch: 1,
    incarnation,
    opId: settlementOpId(incarnation),
    botName: 'Captured name',
    lockedValue: 0,
    reason: 'deleted',
    ...given,
  };
}

/** Locks and settles as a saga that nothing disturbs. */
export async function pay(
  wallets: Wallets,
  userId: UserId,
  given: Partial<SettleCommand> = {},
): Promise<Receipt> {
  const settle = settleCommand(userId, given);
  const { instanceId, sagaId, epoch, incarnation } = settle;
  const locked = await wallets.lock(
    lockCommand(userId, { instanceId, sagaId, epoch, incarnation }),
  );
  if (locked.status !== 'locked') throw new Error(`not locked: ${JSON.stringify(locked)}`);
  const result = await wallets.settle(settle);
  if (result.status !== 'settled') throw new Error(`not settled: ${JSON.stringify(result)}`);
  return result.receipt;
}
