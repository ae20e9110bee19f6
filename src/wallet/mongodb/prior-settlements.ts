// Whether the allocation that stands there is an incarnation that was settled before, and came back with an old copy.
// Pure, and once more as the condition of a write. I2: an incarnation is recognised by its date, and where the platform's clock lags by the order of the rows; an
// undated one by whether the platform has set money aside since. Where it cannot be decided, it counts as an old copy: an operator can make that a new incarnation, but a payment cannot be taken
// back.

import type { InstanceId } from '../../domain/ids.ts';
import { type BotOfUser, isDated, settlementOpId } from '../../domain/incarnation.ts';
import type { Receipt } from '../receipts.ts';
import type { BotPast } from './bot-pasts.ts';
import type { AllocationReadingRow, UserReading } from './user-reading.ts';
import {
  allocatedAfter,
  type Expression,
  LAST_PRINTABLE,
  lastSettledAt,
  literal,
  setAsideAt,
} from './wallet-expressions.ts';

/** The platform dates its rows by its own clock: one that is ahead by less than this does not make the row of a
 * incarnation that was settled since look like that of a new one. */
const CLOCKS_APART_MS = 10 * 60_000;

export interface PriorSettlement {
  /** Of the settlement, as far as it is known. */
  readonly opId: string;
  /** Where the document still holds it. */
  readonly receipt: Receipt | null;
}

export function priorSettlement(
  user: UserReading,
  past: BotPast,
  bot: BotOfUser,
  allocation: AllocationReadingRow,
): PriorSettlement | null {
  const receipts = user.receipts.filter(({ instanceId }) => instanceId === bot.instanceId);
  return allocation.isDated
    ? priorOfDated(receipts, past, bot, allocation)
    : priorOfUndated(receipts, past, bot, allocation);
}

// The incarnation itself, or one whose date was changed: a new incarnation begins after the one before was settled. The
// rows prove that against the dates, where all that is known to have been paid stands before the allocation's own row.
function priorOfDated(
  receipts: readonly Receipt[],
  { incarnations, paidAt }: BotPast,
  bot: BotOfUser,
  { incarnationId, allocatedAfter }: AllocationReadingRow,
): PriorSettlement | null {
  const date = incarnationId ?? '';
  const opId = settlementOpId({ ...bot, incarnationId: date });
  const own = receipts.find((one) => one.opId === opId) ?? null;
  if (own !== null || incarnations.has(date)) return { opId, receipt: own };
  const moments = [...receipts.map(settledMoment), ...(paidAt === null ? [] : [+paidAt])];
  if (allocatedAfter !== null && moments.every((at) => at <= +allocatedAfter)) return null;
  const receipt = receipts.find(({ settledAt }) => settledAt >= date) ?? null;
  if (receipt !== null) return { opId: receipt.opId, receipt };
  const isPaid = paidAt !== null && paidAt.toISOString() >= date;
  return isPaid ? { opId, receipt } : null;
}

function priorOfUndated(
  receipts: readonly Receipt[],
  { incarnations, closedAt }: BotPast,
  bot: BotOfUser,
  { setAsideAt }: AllocationReadingRow,
): PriorSettlement | null {
  const [receipt = null] = receipts;
  const moments = [...receipts.map(settledMoment), ...(closedAt === null ? [] : [+closedAt])];
  if (moments.length === 0) return null;
  const isNew = setAsideAt !== null && +setAsideAt > Math.max(...moments) + CLOCKS_APART_MS;
  if (isNew) return null;
  const [incarnationId = 'undated'] = incarnations;
  return { opId: receipt?.opId ?? settlementOpId({ ...bot, incarnationId }), receipt };
}

// A row without a date of its own proves that it was paid, and not when.
function settledMoment({ settledAt }: Receipt): number {
  return Date.parse(settledAt) || Number.POSITIVE_INFINITY;
}

// The same rule as conditions of a write, for the database to decide by.

/** @param bot an allocation without a date. */
export function isOldCopy(bot: string, instanceId: InstanceId, { closedAt }: BotPast): Expression {
  const until = { $max: [lastSettledAt(instanceId, LAST_PRINTABLE), closedAt] };
  const isNew = {
    $gt: [setAsideAt(bot, literal(instanceId)), { $add: ['$$until', CLOCKS_APART_MS] }],
  };
  const isOld = { $and: [{ $gt: ['$$until', null] }, { $not: [isNew] }] };
  return { $let: { vars: { until }, in: isOld } };
}

/** @param bot an allocation of this incarnation.
 * @param incarnationId a date. */
export function isSettledIncarnation(
  bot: string,
  instanceId: InstanceId,
  incarnationId: string,
  { incarnations, paidAt }: BotPast,
): Expression {
  if (!isDated(incarnationId)) return false;
  if (incarnations.has(incarnationId)) return true;
  const vars = {
    paidAt: { $max: [lastSettledAt(instanceId, LAST_PRINTABLE), paidAt] },
    after: allocatedAfter(bot, literal(instanceId)),
  };
  const isNew = { $and: [{ $gt: ['$$after', null] }, { $lte: ['$$paidAt', '$$after'] }] };
  const until = { $max: [lastSettledAt(instanceId, null), paidAt] };
  const isOld = { $and: [{ $gte: [until, new Date(incarnationId)] }, { $not: [isNew] }] };
  return { $let: { vars, in: isOld } };
}
