// What a wallet command reads back of a user: the allocations and receipts it names, never the whole
// document, however many rows it carries. What is money is judged by the database, by the same
// expressions as the updates' filters, so that a filter and its explanation cannot disagree.

import { parseSagaId } from '@reclaim/saga';
import type { Document } from 'mongodb';
import { type FirebaseUid, parseFirebaseUid, toUserId } from '../../domain/ids.ts';
import type { Receipt } from '../receipts.ts';
import type { AllocationLock } from '../wallets.ts';
import { describeFound, ROW_AS_RECEIPT, receiptFromRow } from './receipts.ts';
import {
  ALLOCATIONS,
  allocatedAfter,
  datedIncarnationIdOf,
  type Expression,
  isMoneyValue,
  isNothing,
  isObject,
  isSettlementRow,
  literal,
  ROWS,
  SETTLED,
  setAsideAt,
  valueFoundIn,
} from './wallet-expressions.ts';
import { WITHDRAWN_IDS } from './withdrawn.ts';

export interface UserReading {
  readonly firebaseUid: FirebaseUid | null;
  /** Of the balance and the list of rows; null when both can be worked with. */
  readonly notMoney: NotMoney | null;
  readonly allocations: ReadonlyMap<string, AllocationReadingRow>;
  /** Settlements of the requested bots and operations; the fuller source first. */
  readonly receipts: readonly Receipt[];
  /** Sagas that were compensated: a worker that still runs one of them here is too late (I5). */
  readonly withdrawnSagas: ReadonlySet<string>;
}

export interface AllocationReadingRow {
  readonly botName: string;
  readonly incarnationId: string | null;
  readonly isDated: boolean;
  /** Of an undated one: when the platform last set this very amount aside for the bot. */
  readonly setAsideAt: Date | null;
  /** Of a dated one: the settlement that it certainly came after, by the order of the rows. */
  readonly allocatedAfter: Date | null;
  /** Missing where it is no money. */
  readonly allocatedAmount?: number;
  /** Meaningful only where `valueNotMoney` is null. */
  readonly value: number;
  readonly allocatedNotMoney: NotMoney | null;
  readonly valueNotMoney: NotMoney | null;
  readonly lockedNotMoney: NotMoney | null;
  readonly lock: AllocationLock | null;
  /** The settled incarnation that an administrator made this one from. */
  readonly acceptedFrom: string | null;
}

export interface NotMoney {
  readonly field: string;
  readonly found: string;
}

/** What is asked about: bots, and operations. */
export interface Requested {
  readonly instanceIds: readonly string[];
  readonly opIds: readonly string[];
}

/** @param isWhole false: what a user without embedded rows would give. An expression that names the list, be it for its type
 * alone, makes the server build a value of each row. */
export function userProjection(requested: Requested, isWhole: boolean): Document {
  return {
    firebaseUid: 1,
    balance: '$paperWallet.balance',
    isBalanceMoney: isMoneyValue('$paperWallet.balance'),
    allocations: {
      $map: {
        input: filter({ $objectToArray: ALLOCATIONS }, 'bot', {
          $in: ['$$bot.k', literal(requested.instanceIds)],
        }),
        as: 'bot',
        in: allocationFields('$$bot.v', isWhole),
      },
    },
    receipts: receiptsOf(requested, isWhole ? { $concatArrays: [SETTLED, ROWS] } : SETTLED),
    withdrawnSagas: WITHDRAWN_IDS,
    ...(isWhole && { areRowsAList: ARE_ROWS_A_LIST }),
  };
}

const ARE_ROWS_A_LIST = {
  $or: [isNothing('$walletTransactions'), { $isArray: '$walletTransactions' }],
};

function receiptsOf({ instanceIds, opIds }: Requested, input: Expression): Expression {
  const isRequested = {
    $or: [{ $in: ['$$row.botId', literal(instanceIds)] }, { $in: ['$$row.opId', literal(opIds)] }],
  };
  const requested = filter(input, 'row', { $and: [isSettlementRow('$$row'), isRequested] });
  return { $map: { input: requested, as: 'row', in: ROW_AS_RECEIPT } };
}

function filter(input: Expression, as: string, cond: Expression): Expression {
  return { $filter: { input, as, cond } };
}

function allocationFields(bot: string, isWhole: boolean): Expression {
  const value = valueFoundIn(bot);
  const isValueMoney = isMoneyValue(value);
  const fields = {
    id: '$$bot.k',
    isObject: isObject(bot),
    botName: `${bot}.botName`,
    allocatedAmount: `${bot}.allocatedAmount`,
    isAllocatedMoney: isMoneyValue(`${bot}.allocatedAmount`),
    currentValue: `${bot}.currentValue`,
    isValueMoney,
    value: { $cond: [isValueMoney, { $abs: { $toDouble: value } }, 0] },
    lockedBy: `${bot}.lockedBy`,
    acceptedFrom: `${bot}.acceptedFrom`,
    isLockedMoney: isMoneyValue(`${bot}.lockedBy.value`),
    dated: '$$dated',
    ...(isWhole && {
      setAsideAt: { $cond: [{ $eq: ['$$dated', null] }, setAsideAt(bot, '$$bot.k'), null] },
      allocatedAfter: allocatedAfter(bot, '$$bot.k'),
    }),
  };
  return { $let: { vars: { dated: datedIncarnationIdOf(bot) }, in: fields } };
}

export function parseUserReading(document: Document): UserReading {
  const userId = toUserId(String(document._id));
  const allocations: Document[] = document.allocations;
  const receipts: Document[] = document.receipts;
  return {
    firebaseUid: parseFirebaseUid(document.firebaseUid) ?? null,
    notMoney: userNotMoney(document),
    allocations: new Map(
      allocations.filter((row) => row.isObject).map((row) => [row.id, parseAllocation(row)]),
    ),
    receipts: receipts.map((row) => receiptFromRow(userId, row)),
    withdrawnSagas: new Set(document.withdrawnSagas),
  };
}

function userNotMoney(document: Document): NotMoney | null {
  if (!document.isBalanceMoney) {
    return { field: 'paperWallet.balance', found: describeFound(document.balance) };
  }
  return document.areRowsAList === false
    ? { field: 'walletTransactions', found: 'not a list' }
    : null;
}

function parseAllocation(row: Document): AllocationReadingRow {
  const isMissing = row.currentValue === undefined || row.currentValue === null;
  const valueField = isMissing ? 'allocatedAmount' : 'currentValue';
  return {
    botName: typeof row.botName === 'string' ? row.botName : '',
    incarnationId: row.dated ?? stampIn(row.lockedBy),
    isDated: row.dated !== null,
    setAsideAt: row.setAsideAt instanceof Date ? row.setAsideAt : null,
    allocatedAfter: row.allocatedAfter instanceof Date ? row.allocatedAfter : null,
    ...(row.isAllocatedMoney && { allocatedAmount: Number(row.allocatedAmount) }),
    value: row.value,
    allocatedNotMoney: notMoney(row.isAllocatedMoney, 'allocatedAmount', row.allocatedAmount),
    valueNotMoney: notMoney(row.isValueMoney, valueField, row[valueField]),
    lockedNotMoney: notMoney(row.isLockedMoney, 'lockedBy.value', row.lockedBy?.value),
    lock: parseLock(row.lockedBy),
    acceptedFrom: typeof row.acceptedFrom === 'string' ? row.acceptedFrom : null,
  };
}

/** What `incarnationIdOf` gives to an allocation without a date. */
function stampIn(lockedBy: unknown): string | null {
  if (typeof lockedBy !== 'object' || lockedBy === null) return null;
  const stamp: unknown = Reflect.get(lockedBy, 'incarnationId');
  return typeof stamp === 'string' ? stamp : null;
}

function notMoney(isMoney: boolean, field: string, found: unknown): NotMoney | null {
  return isMoney ? null : { field, found: describeFound(found) };
}

/** A `lockedBy` that names no saga locks nothing, for the filters as for the reader. */
function parseLock(lockedBy: unknown): AllocationLock | null {
  if (typeof lockedBy !== 'object' || lockedBy === null) return null;
  const { sagaId, epoch, value, aborting } = lockedBy as Record<string, unknown>;
  const id = parseSagaId(sagaId);
  if (id === undefined) return null;
  return {
    sagaId: id,
    epoch: Number(epoch),
    value: Number(value),
    aborting: aborting === true,
  };
}
