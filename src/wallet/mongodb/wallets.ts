// The wallets in MongoDB, and the only module that writes users. Every write is one conditional update
// that the database decides (I2), fenced by the epoch in the lock (I5); its result is read back,
// with a majority, and never guessed from a count or from the lack of an answer.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, type Document, ObjectId } from 'mongodb';
import { type InstanceId, NO_USER, parseUserId, type UserId } from '../../domain/ids.ts';
import { type BotOfUser, isStamped, settlementOpId } from '../../domain/incarnation.ts';
import { isMoney } from '../../domain/money.ts';
import type { Receipt } from '../receipts.ts';
import type { AllocationReading, LockResult, SettleResult, Wallets } from '../wallets.ts';
import { type BotPast, createBotPasts, type FindBotPast, NO_PAST } from './bot-pasts.ts';
import { decide } from './decide-command.ts';
import { forgetSettled } from './forget-settled.ts';
import { findInLedger } from './ledger-documents.ts';
import { abortUpdate, lockUpdate, raiseUpdate, unlockUpdate } from './lock-updates.ts';
import { findPlatformPayment } from './platform-payments.ts';
import { previewSettlement } from './preview-settlement.ts';
import { priorSettlement } from './prior-settlements.ts';
import { receiptFromLedger } from './receipts.ts';
import { reserve, withdrawReserve } from './reserve.ts';
import { restore } from './restore.ts';
import { createResurrectedWrites } from './resurrected.ts';
import { settleUpdate } from './settle-update.ts';
import { trimRows } from './trim-rows.ts';
import type { UserReading } from './user-reading.ts';
import { createWalletBatch } from './wallet-batch.ts';
import {
  decideAbort,
  decideLock,
  decideRaise,
  decideSettle,
  decideUnlock,
  firstNotMoney,
  receiptOf,
} from './wallet-decisions.ts';
import { ALLOCATIONS, isNothing, withAllocation } from './wallet-expressions.ts';

export interface MongoWalletsDependencies {
  /** Of an open client, which the caller closes. */
  readonly db: Db;
  /** What is known of a bot's settled incarnations beside the document. */
  readonly findPast?: FindBotPast;
}

export function createMongoWallets({
  db,
  findPast = createBotPasts(db),
}: MongoWalletsDependencies): Wallets {
  const send = createWalletBatch(db);
  const findPosted = (userId: UserId, opId: string) => findPostedReceipt(db, userId, opId);

  return {
    async readAllocation(userId, instanceId, expected = 'present') {
      const item = { userId, instanceId, opId: null, write: null };
      const reading = send(expected === 'absent' ? { ...item, expected } : item);
      const early = expected === 'present' ? findPast(userId, instanceId) : null;
      const [{ user }, known] = await Promise.all([reading, early]);
      const isThere = user?.allocations.has(instanceId) ?? false;
      const past = known ?? (isThere ? await findPast(userId, instanceId) : NO_PAST);
      return toAllocationReading(user, past, { userId, instanceId });
    },

    async lock(command) {
      if (command.value !== null && !isMoney(command.value)) {
        throw new TypeError(`a lock's value must be money, not ${command.value}`);
      }
      const opId = settlementOpId(command.incarnation);
      const { value, isLive, isFirst, userId, instanceId, incarnation } = command;
      // The capture has checked a dated incarnation, and the tombstone holds its name.
      const past = isStamped(incarnation.incarnationId)
        ? await findPast(userId, instanceId)
        : NO_PAST;
      const update = lockUpdate(command, opId, past);
      const result = await decide<LockResult>(send, command, opId, update, {
        isFinal: ({ status }) => FINAL_LOCKS.has(status),
        decide: (user) => decideLock(command, opId, past, user),
        // Any other value may have been replaced by what the bot has answered before.
        ...(value !== null &&
          (isLive || isFirst) && { applied: { status: 'locked' as const, value } }),
      });
      if (result.status !== 'absent') return result;
      const receipt = await findPosted(command.userId, opId);
      return receipt === null ? result : { status: 'already-settled', opId };
    },

    raiseLock: (target) =>
      decide<RaiseResult>(send, target, null, raiseUpdate(target), {
        isFinal: (result) => result !== 'absent',
        decide: (user) => decideRaise(target, user),
      }),

    async unlock(target) {
      const { userId, instanceId } = target;
      // Afterwards a lock that was removed cannot be distinguished from one that never was.
      const before = await send({ userId, instanceId, opId: null, write: null });
      const lock = before.user?.allocations.get(instanceId)?.lock;
      const result = await decide<'gone' | 'fenced'>(send, target, null, unlockUpdate(target), {
        isFinal: () => true,
        decide: (user) => decideUnlock(target, user),
      });
      if (result === 'fenced') return 'fenced';
      return lock?.sagaId === target.sagaId ? 'removed' : 'absent';
    },

    async abortSettlement(command) {
      const result = await decide<AbortResult>(send, command, command.opId, abortUpdate(command), {
        isFinal: (outcome) => outcome !== 'absent',
        decide: (user) => decideAbort(command, user),
      });
      if (result !== 'absent') return result;
      const receipt = await findPosted(command.userId, command.opId);
      return receipt === null ? result : 'settled';
    },

    async settle(command) {
      const result = await decide<SettleResult>(
        send,
        command,
        command.opId,
        settleUpdate(command),
        {
          isFinal: ({ status }) => FINAL_SETTLEMENTS.has(status),
          decide: (user) => decideSettle(command, user),
        },
      );
      if (result.status === 'settled' || result.status === 'fenced') return result;
      const receipt = await findPosted(command.userId, command.opId);
      return receipt === null ? result : { status: 'settled', receipt };
    },

    ...createResurrectedWrites(send, findPast),

    async findReceipt(userId, opId) {
      const { user } = await send({ userId, instanceId: null, opId, write: null });
      const receipt = user === null ? undefined : receiptOf(user, opId);
      return receipt ?? findPosted(userId, opId);
    },

    findPlatformPayment: (query) => findPlatformPayment(db, query),

    preview: (userId, instanceIds) => previewSettlement(db, userId, instanceIds),
    restore: (order) => restore(db, order),
    reserve: (order) => reserve(db, order),
    withdrawReserve: (order) => withdrawReserve(db, order),

    forgetSettled: (signal) => forgetSettled(db, signal),

    trimRows: (command) => trimRows(db, command),

    existingFirebaseUids: (uids) => findFirebaseUids(db, uids),

    otherHolders: (userId, instanceId) => findOtherHolders(db, userId, instanceId),
  };
}

type AbortResult = Awaited<ReturnType<Wallets['abortSettlement']>>;
type RaiseResult = Awaited<ReturnType<Wallets['raiseLock']>>;

const FINAL_LOCKS = new Set<LockResult['status']>([
  'locked',
  'already-settled',
  'fenced',
  'account-gone',
]);

const FINAL_SETTLEMENTS = new Set<SettleResult['status']>(['settled', 'fenced', 'account-gone']);

function toAllocationReading(
  user: UserReading | null,
  past: BotPast,
  { userId, instanceId }: BotOfUser,
): AllocationReading {
  if (user === null) return { status: 'account-gone' };
  const { firebaseUid } = user;
  const bot = user.allocations.get(instanceId);
  if (bot === undefined) return { status: 'absent', firebaseUid };
  const { botName, incarnationId, value, lock, allocatedAmount } = bot;
  return {
    status: 'present',
    firebaseUid,
    allocation: {
      botName,
      ...(allocatedAmount !== undefined && { allocatedAmount }),
      incarnationId,
      value,
      notMoney: firstNotMoney(user, bot),
      lock,
      settledOpId: priorSettlement(user, past, { userId, instanceId }, bot)?.opId ?? null,
    },
  };
}

/** The ledger keeps what a legacy writer can erase from the user. */
async function findPostedReceipt(db: Db, userId: UserId, opId: string): Promise<Receipt | null> {
  const entry = await findInLedger(db, { _id: opId, userId, type: 'deallocate' });
  return entry === null ? null : receiptFromLedger(userId, entry);
}

async function findFirebaseUids(db: Db, uids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await runRepeatable(() =>
    majorityCollection<Document>(db, 'users')
      .find({ firebaseUid: { $in: [...uids] } }, { projection: { _id: 0, firebaseUid: 1 } })
      .toArray(),
  );
  return new Set(found.map(({ firebaseUid }) => String(firebaseUid)));
}

async function findOtherHolders(
  db: Db,
  userId: UserId,
  instanceId: InstanceId,
): Promise<readonly UserId[]> {
  const holders = await runRepeatable(() =>
    majorityCollection(db, 'users')
      .find(
        {
          _id: { $ne: new ObjectId(userId) },
          $expr: withAllocation(instanceId, { $not: [isNothing('$$bot')] }, ALLOCATIONS),
        },
        { projection: { _id: 1 }, limit: 2 },
      )
      .toArray(),
  );
  // A holder that no record can name is a holder all the same.
  return holders.map(({ _id }) => parseUserId(String(_id)) ?? NO_USER);
}
