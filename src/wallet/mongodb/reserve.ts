// Reserving money for a new bot, and withdrawing that. The result of a write is read back and never guessed
// (I2): the row, or the operation id on its allocation, or the ledger's entry proves that it landed.

import { rejectUnlessAnswered } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import type { Reservation } from '../receipts.ts';
import type { ReserveOrder, ReserveResult, WithdrawResult } from '../wallets.ts';
import { contended, MAX_ROUNDS, writeThenReadUser } from './decide-command.ts';
import { findInLedger } from './ledger-documents.ts';
import { describeFound } from './receipts.ts';
import {
  decimalOf,
  descriptionOf,
  hasFunds,
  IS_BALANCE_MONEY,
  IS_WRITABLE,
  isFree,
  reserveUpdate,
  withdrawUpdate,
} from './reserve-updates.ts';
import type { ConditionalUpdate } from './settle-update.ts';
import {
  ALLOCATIONS,
  type Expression,
  literal,
  ROWS,
  withAllocation,
} from './wallet-expressions.ts';
import { WITHDRAWN_IDS } from './withdrawn.ts';

export async function reserve(db: Db, order: ReserveOrder): Promise<ReserveResult> {
  const send = sender(db, order);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { user: observed, outcome } = await send(reserveUpdate(order));
    const result = decideReserve(observed, order);
    const isFinal = result !== null && FINAL.has(result.status);
    if (result !== null && (isFinal || outcome?.status !== 'unknown')) return result;
    rejectUnlessAnswered(outcome, 'the wallet');
  }
  throw contended(order.userId);
}

/** What no write that is still under way can change. */
const FINAL: ReadonlySet<ReserveResult['status']> = new Set([
  'reserved',
  'withdrawn',
  'account-gone',
]);

export async function withdrawReserve(db: Db, order: ReserveOrder): Promise<WithdrawResult> {
  const send = sender(db, order);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { user: observed, outcome } = await send(withdrawUpdate(order));
    if (observed === null) return { status: 'account-gone' };
    if (observed.isWithdrawn) {
      const reservation = landed(observed, order) ?? (await findPosted(db, order));
      return reservation === null ? { status: 'withdrawn' } : { status: 'reserved', reservation };
    }
    rejectUnlessAnswered(outcome, 'the wallet');
  }
  throw contended(order.userId);
}

interface PresenceAnswer {
  readonly isWithdrawn: boolean;
  readonly isFree: boolean;
  readonly isWritable: boolean;
  readonly isBalanceMoney: boolean;
  readonly hasFunds: boolean;
  readonly balance: unknown;
  /** Of the row, else of the allocation; null: neither carries this operation. */
  readonly trace: Trace | null;
}

interface Trace {
  readonly seq: unknown;
  readonly previousBalance: unknown;
  readonly newBalance: unknown;
  readonly at: unknown;
}

// Null: nothing speaks against it, so something moved in between; the command is sent once more.
function decideReserve(observed: PresenceAnswer | null, order: ReserveOrder): ReserveResult | null {
  if (observed === null) return { status: 'account-gone' };
  if (observed.isWithdrawn) return { status: 'withdrawn' };
  const reservation = landed(observed, order);
  if (reservation !== null) return { status: 'reserved', reservation };
  if (!observed.isFree) return { status: 'occupied' };
  if (!observed.isBalanceMoney) {
    const found = describeFound(observed.balance);
    return { status: 'not-money', field: 'paperWallet.balance', found };
  }
  if (!observed.isWritable) {
    return { status: 'not-money', field: 'walletTransactions', found: 'not a list' };
  }
  if (observed.hasFunds) return null;
  return { status: 'insufficient-funds', balance: Number(observed.balance) };
}

const sender = (db: Db, order: ReserveOrder) => (write: ConditionalUpdate) =>
  writeThenReadUser<PresenceAnswer>(db, order.userId, write, projection(order));

function projection(order: ReserveOrder): Document {
  const { opId, instanceId } = order;
  const own = { $filter: { input: ROWS, as: 'row', cond: { $eq: ['$$row.opId', opId] } } };
  const isOurs = { $eq: ['$$bot.reservation.opId', opId] };
  const ofRow = {
    $let: {
      vars: { row: { $first: own } },
      in: { $cond: ['$$row', trace(order, '$$row', '$$row.timestamp'), null] },
    },
  };
  const lock = '$$bot.reservation';
  const ofBot = { $cond: [isOurs, trace(order, lock, '$$bot.allocatedAt'), null] };
  return {
    isWithdrawn: { $in: [literal(opId), WITHDRAWN_IDS] },
    isFree: isFree(order),
    isWritable: IS_WRITABLE,
    isBalanceMoney: IS_BALANCE_MONEY,
    hasFunds: hasFunds(decimalOf(order)),
    balance: '$paperWallet.balance',
    trace: { $ifNull: [ofRow, withAllocation(instanceId, ofBot, ALLOCATIONS)] },
  };
}

/** A row that another program has damaged still proves that the money was taken. */
function trace(order: ReserveOrder, from: string, at: string): Expression {
  const after = { input: `${from}.balanceAfter`, onError: 0, onNull: 0 };
  const before = { $add: [{ $convert: { ...after, to: 'decimal' } }, decimalOf(order)] };
  return {
    seq: `${from}.seq`,
    newBalance: { $convert: { ...after, to: 'double' } },
    previousBalance: { $toDouble: before },
    at,
  };
}

function landed({ trace: found }: PresenceAnswer, order: ReserveOrder): Reservation | null {
  return found === null ? null : toReservation(order, found);
}

/** The ledger keeps what a legacy writer can erase from the user. */
async function findPosted(db: Db, order: ReserveOrder): Promise<Reservation | null> {
  const { opId, userId } = order;
  const entry = await findInLedger(db, { _id: opId, userId, type: 'allocate' });
  if (entry === null) return null;
  const { seq, previousBalance, balanceAfter: newBalance, at } = entry;
  return toReservation(order, { seq, previousBalance, newBalance, at });
}

function toReservation(order: ReserveOrder, found: Trace): Reservation {
  const { opId, userId, instanceId, botName, amountMinor } = order;
  return {
    opId,
    userId,
    instanceId,
    incarnationId: found.at instanceof Date ? found.at.toISOString() : new Date(0).toISOString(),
    botName,
    amountMinor,
    previousBalance: Number(found.previousBalance),
    newBalance: Number(found.newBalance),
    description: descriptionOf(order),
    seq: Number(found.seq),
  };
}
