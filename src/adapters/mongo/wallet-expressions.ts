// The vocabulary of wallet updates as aggregation expressions: what an allocation, its life, its mark and
// money are, said once for filters, updates and reads, so that the database decides by one meaning (I2).
// Ids are data: an instance id with dots or a `$` only ever stands inside `$literal`, never in a path.

import type { InstanceId } from '../../domain/ids.ts';
import { MAX_MONEY } from '../../domain/money.ts';

/** An aggregation expression; the server is the one who checks it. */
export type Expression = string | number | boolean | null | readonly unknown[] | object;

export const literal = (value: unknown): Expression => ({ $literal: value });

/** The map of allocations; empty for a user from before wallets, or where something else stands. */
export const ALLOCATIONS = asObject('$botAllocations');

/** The embedded rows; empty where there is no list. `ROWS_ARE_A_LIST` guards the writes. */
export const ROWS = asList('$walletTransactions');
export const ROWS_ARE_A_LIST = {
  $or: [isNothing('$walletTransactions'), isList('$walletTransactions')],
};

export const SETTLED = asList('$ledgerState.settled');

/** `$$bot` inside is the allocation of this id; missing when there is none. */
export function withAllocation(instanceId: InstanceId, inside: Expression): Expression {
  const bot = { $getField: { field: literal(instanceId), input: ALLOCATIONS } };
  return { $let: { vars: { bot }, in: inside } };
}

/** The map of allocations with this one replaced. */
export function replaceAllocation(instanceId: InstanceId, value: Expression): Expression {
  return { $setField: { field: literal(instanceId), input: ALLOCATIONS, value } };
}

export function removeAllocation(instanceId: InstanceId): Expression {
  return { $unsetField: { field: literal(instanceId), input: ALLOCATIONS } };
}

/** The same rule as `isMoney`: NaN sorts below every number, strings are no numbers. */
export function isMoneyValue(value: Expression): Expression {
  return { $and: [{ $isNumber: value }, { $gte: [value, 0] }, { $lte: [value, MAX_MONEY] }] };
}

export function isNothing(value: Expression): Expression {
  return { $in: [{ $type: value }, ['missing', 'null', 'undefined']] };
}

export function isObject(value: Expression): Expression {
  return { $eq: [{ $type: value }, 'object'] };
}

function isList(value: Expression): Expression {
  return { $eq: [{ $type: value }, 'array'] };
}

export function asObject(value: Expression): Expression {
  return { $cond: [isObject(value), value, literal({})] };
}

export function asList(value: Expression): Expression {
  return { $cond: [isList(value), value, literal([])] };
}

/** allocatedAmount where there is no currentValue: what the platform means by a missing one. */
export function valueFoundIn(bot: string): Expression {
  const current = `${bot}.currentValue`;
  return { $cond: [isNothing(current), `${bot}.allocatedAmount`, current] };
}

/** The exact text that `Date.toISOString` gives, or null for an allocation without a proper date. */
export function datedLifeOf(bot: string): Expression {
  const date = `${bot}.allocatedAt`;
  const isPrintable = {
    $and: [
      { $eq: [{ $type: date }, 'date'] },
      { $gte: [date, new Date('0001-01-01T00:00:00.000Z')] },
      { $lt: [date, new Date('9999-12-31T00:00:00.000Z')] },
    ],
  };
  const format = '%Y-%m-%dT%H:%M:%S.%LZ';
  return { $cond: [isPrintable, { $dateToString: { date, format, timezone: 'UTC' } }, null] };
}

/** The incarnation's life: its date, else the stamp in its mark, else null. */
export function lifeOf(bot: string): Expression {
  return { $ifNull: [datedLifeOf(bot), `${bot}.closing.life`, null] };
}

/** Only what names a saga is a mark; anything else in its place locks nothing. */
export function isMarked(bot: string): Expression {
  return { $eq: [{ $type: `${bot}.closing.sagaId` }, 'string'] };
}

/** This saga's mark with an epoch that `compare` lets pass. */
export function isMarkOf(
  bot: string,
  sagaId: string,
  compare: '$eq' | '$lt' | '$lte',
  epoch: number,
): Expression {
  return {
    $and: [
      { $eq: [`${bot}.closing.sagaId`, literal(sagaId)] },
      { $isNumber: `${bot}.closing.epoch` },
      { [compare]: [`${bot}.closing.epoch`, epoch] },
    ],
  };
}

export function isAborting(bot: string): Expression {
  return { $eq: [`${bot}.closing.aborting`, true] };
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

/** What `ledgerState` is at our first write on a user: the balance from which the ledger counts (I11). */
const FIRST_LEDGER_STATE = {
  opening: { $toDecimal: '$paperWallet.balance' },
  openingRows: { $size: ROWS },
  openedAt: '$$NOW',
  seq: 0,
  settled: literal([]),
};

export const OPENED_LEDGER_STATE = {
  $mergeObjects: [FIRST_LEDGER_STATE, asObject('$ledgerState')],
};
