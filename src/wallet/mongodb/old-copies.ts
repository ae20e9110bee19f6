// The condition of a write that an undated allocation is an old copy of a settled incarnation, or that a dated one is:
// the same rule as `priorSettlement`, for the database to decide by (I2).

import type { InstanceId } from '../../domain/ids.ts';
import { isDated } from '../../domain/incarnation.ts';
import type { BotPast } from './bot-pasts.ts';
import { CLOCKS_APART_MS } from './prior-settlements.ts';
import {
  allocatedAfter,
  type Expression,
  LAST_PRINTABLE,
  lastSettledAt,
  literal,
  setAsideAt,
} from './wallet-expressions.ts';

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
