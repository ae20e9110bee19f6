// The vocabulary of wallet updates as aggregation expressions: what an allocation, its incarnation, its lock and money
// are, defined once for filters, updates and reads, so that the database decides by one meaning (I2). Ids are data: an
// instance id with dots or a `$` only ever stands inside `$literal`, never in a path. The server parses every
// expression of every command anew, and at full load that is most of its work: expressions here are as short as they
// can be and still be right. Where a document is so broken that one fails, the server refuses that one write and the
// read after it shows why.

import type { InstanceId } from '../../domain/ids.ts';
import { isDated, isStamped } from '../../domain/incarnation.ts';
import { MAX_MONEY } from '../../domain/money.ts';

/** An aggregation expression; the server checks it. */
export type Expression = string | number | boolean | null | readonly unknown[] | object;

export const literal = (value: unknown): Expression => ({ $literal: value });

/** `$$bot` inside is the allocation of this id; missing when there is none.
 * @param input the map; for a scan over all users the guarded `ALLOCATIONS`. */
export function withAllocation(
  instanceId: InstanceId,
  inside: Expression,
  input: Expression = '$botAllocations',
): Expression {
  const bot = { $getField: { field: literal(instanceId), input } };
  return { $let: { vars: { bot }, in: inside } };
}

/** The map with this allocation replaced; for updates whose filter has found one. */
export function replaceAllocation(instanceId: InstanceId, value: Expression): Expression {
  return { $setField: { field: literal(instanceId), input: '$botAllocations', value } };
}

export function removeAllocation(instanceId: InstanceId): Expression {
  return { $unsetField: { field: literal(instanceId), input: '$botAllocations' } };
}

/** The map of allocations; empty for a user from before wallets, or where something else stands. */
export const ALLOCATIONS = {
  $cond: [isObject('$botAllocations'), '$botAllocations', literal({})],
};

/** The ids of the bots that have one. */
export const HELD_IDS = {
  $map: { input: { $objectToArray: ALLOCATIONS }, as: 'bot', in: '$$bot.k' },
};

/** The embedded rows; empty where there is no list. */
export const ROWS = asList('$walletTransactions');
export const SETTLED = asList('$ledgerState.settled');

/** The same rule as `isMoney`. The order of types does the rest: NaN and null sort below every number,
 * texts and all others above. */
export function isMoneyValue(value: Expression): Expression {
  return { $and: [{ $gte: [value, 0] }, { $lte: [value, MAX_MONEY] }] };
}

/** Missing or null: nothing sorts below them that a document would hold. */
export function isNothing(value: Expression): Expression {
  return { $lte: [value, null] };
}

export function isObject(value: Expression): Expression {
  return { $eq: [{ $type: value }, 'object'] };
}

export function asList(value: Expression): Expression {
  return { $cond: [{ $isArray: value }, value, literal([])] };
}

/** allocatedAmount where there is no currentValue: what the platform means by a missing one. */
export function valueFoundIn(bot: string): Expression {
  return { $ifNull: [`${bot}.currentValue`, `${bot}.allocatedAmount`] };
}

/** The exact text that `Date.toISOString` gives, or null for an allocation without a proper date. */
export function datedIncarnationIdOf(bot: string): Expression {
  const date = `${bot}.allocatedAt`;
  const isPrintable = {
    $and: [{ $gte: [date, FIRST_PRINTABLE] }, { $lte: [date, LAST_PRINTABLE] }],
  };
  const format = '%Y-%m-%dT%H:%M:%S.%LZ';
  return { $cond: [isPrintable, { $dateToString: { date, format, timezone: 'UTC' } }, null] };
}

/** Outside these, `$dateToString` fails. */
const FIRST_PRINTABLE = new Date('0001-01-01T00:00:00.000Z');
export const LAST_PRINTABLE = new Date('9999-12-31T00:00:00.000Z');

/** The incarnation id: the allocation's date, else the stamp in its lock, else null. */
export function incarnationIdOf(bot: string): Expression {
  return { $ifNull: [datedIncarnationIdOf(bot), `${bot}.lockedBy.incarnationId`, null] };
}

/** Whether the allocation is of this incarnation; for a dated one that is its date itself. */
export function isOfIncarnation(bot: string, incarnationId: string): Expression {
  if (isStamped(incarnationId)) return { $eq: [incarnationIdOf(bot), literal(incarnationId)] };
  // An incarnation id that is neither stamp nor date (a ghost's) belongs to no allocation; `Date` alone would make
  // something of almost any text.
  if (!isDated(incarnationId)) return false;
  return { $eq: [`${bot}.allocatedAt`, new Date(incarnationId)] };
}

/** Only a `lockedBy` that names a saga is a lock; any other value of the field locks nothing. */
export function isLocked(bot: string): Expression {
  return { $eq: [{ $type: `${bot}.lockedBy.sagaId` }, 'string'] };
}

/** This saga's lock with an epoch that `compare` lets pass. */
export function isLockOf(
  bot: string,
  sagaId: string,
  compare: '$eq' | '$lt' | '$lte' | '$gt',
  epoch: number,
): Expression {
  return {
    $and: [
      { $eq: [`${bot}.lockedBy.sagaId`, literal(sagaId)] },
      { [compare]: [`${bot}.lockedBy.epoch`, epoch] },
    ],
  };
}

export function isNotAborting(bot: string): Expression {
  return { $ne: [`${bot}.lockedBy.aborting`, true] };
}

/** The newest settlement of this bot that the document holds, of whichever incarnation; null: none.
 * @param undatedAs the moment of one that has lost its own. */
export function lastSettledAt(instanceId: InstanceId, undatedAs: Date | null): Expression {
  const cond = {
    $and: [isSettlementRow('$$row'), { $eq: ['$$row.botId', literal(instanceId)] }],
  };
  const own = { $filter: { input: { $concatArrays: [SETTLED, ROWS] }, as: 'row', cond } };
  const moment = { $cond: [isDate('$$row.timestamp'), '$$row.timestamp', undatedAs] };
  return { $max: { $map: { input: own, as: 'row', in: moment } } };
}

/** When the platform last set aside exactly what the undated allocation holds, by its own row; null: never. */
export function setAsideAt(bot: string, id: Expression): Expression {
  const isWhole = {
    $and: [
      { $eq: ['$$row.type', 'allocate'] },
      { $eq: ['$$row.botId', id] },
      isDate('$$row.timestamp'),
      { $isNumber: '$$row.amount' },
      { $eq: [{ $abs: '$$row.amount' }, `${bot}.allocatedAmount`] },
    ],
  };
  const whole = { $filter: { input: ROWS, as: 'row', cond: isWhole } };
  return { $max: { $map: { input: whole, as: 'row', in: '$$row.timestamp' } } };
}

/** The settlement of this bot that the dated allocation certainly came after, by its moment; null: none is proven. The order
 * of the rows proves it, not the clocks: the platform's own row of this very allocation (its amount, and its date by
 * the same clock) stands behind ours, and nothing of the bot behind that. An old copy has its own row before ours. */
export function allocatedAfter(bot: string, id: Expression): Expression {
  const own = { $filter: { input: ROWS, as: 'row', cond: { $eq: ['$$row.botId', id] } } };
  const apart = { $abs: { $subtract: ['$$this.timestamp', `${bot}.allocatedAt`] } };
  const isItsRow = {
    $and: [
      { $eq: ['$$this.type', 'allocate'] },
      isDate(`${bot}.allocatedAt`),
      isDate('$$this.timestamp'),
      { $isNumber: '$$this.amount' },
      { $eq: [{ $abs: '$$this.amount' }, `${bot}.allocatedAmount`] },
      { $lte: [apart, SAME_REQUEST_MS] },
    ],
  };
  const settledAt = { $cond: [isDate('$$this.timestamp'), '$$this.timestamp', null] };
  const behind = {
    settledAt: '$$value.settledAt',
    after: { $cond: [isItsRow, '$$value.settledAt', null] },
  };
  const next = { $cond: [isSettlementRow('$$this'), { settledAt, after: null }, behind] };
  const start = { settledAt: null, after: null };
  const read = { $reduce: { input: own, initialValue: start, in: next } };
  return { $let: { vars: { read }, in: '$$read.after' } };
}

/** The platform dates an allocation and its row in one request. */
const SAME_REQUEST_MS = 5_000;

function isDate(value: string): Expression {
  return { $eq: [{ $type: value }, 'date'] };
}

/** Our own row of this bot: a settlement, whichever incarnation it paid. */
export function isSettlementRow(row: string): Expression {
  return {
    $and: [
      { $eq: [{ $type: `${row}.opId` }, 'string'] },
      { $eq: [{ $indexOfBytes: [`${row}.opId`, 'settle.'] }, 0] },
    ],
  };
}

/** The user's ledger state; made at our first write: the balance from which the ledger counts (I11). */
export const LEDGER_STATE = {
  $ifNull: [
    '$ledgerState',
    {
      opening: { $toDecimal: '$paperWallet.balance' },
      openingRows: { $size: ROWS },
      openedAt: '$$NOW',
      seq: 0,
      settled: [],
    },
  ],
};
