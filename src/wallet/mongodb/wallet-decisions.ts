// What a wallet command came to, told from what the users' collection shows after it. Pure: the same
// reading gives the same answer, whoever asks and whether the reply of the write was lost (I2, I5, I6).
// 'again': the reading shows no reason why the condition should not have held, so that something moved
// in between; the command is sent once more.

import { type Incarnation, isDated, isStamped } from '../../domain/incarnation.ts';
import type {
  MarkCommand,
  MarkResult,
  MarkTarget,
  Receipt,
  ResurrectedResult,
  ResurrectedTarget,
  SettleCommand,
  SettleResult,
} from '../wallets.ts';
import type { BotPast } from './bot-pasts.ts';
import { priorSettlement } from './prior-settlements.ts';
import type { AllocationReadingRow, NotMoney, UserReading } from './user-reading.ts';

export type Decision<T> = T | 'again';

export function decideMark(
  command: MarkCommand,
  opId: string,
  past: BotPast,
  user: UserReading | null,
): Decision<MarkResult> {
  if (user === null) return { status: 'account-gone' };
  const bot = user.allocations.get(command.instanceId);
  const receipt = receiptOf(user, opId);
  if (receipt !== undefined) return { status: 'already-settled', opId: receipt.opId };
  // A dated life was asked for at the capture; an undated one has its name only from here on.
  const prior = bot?.isDated === false ? priorSettlement(user, past, command, bot) : null;
  if (prior !== null) return { status: 'already-settled', opId: prior.opId };
  if (user.withdrawnSagas.has(command.sagaId)) return { status: 'fenced' };
  if (bot === undefined) return { status: 'absent' };
  if (!isSameLife(bot, command.incarnation)) return otherLife(bot);
  const { mark } = bot;
  if (mark?.sagaId === command.sagaId) {
    if (mark.aborting || mark.epoch > command.epoch) return { status: 'fenced' };
    if (mark.epoch === command.epoch) return { status: 'marked', value: mark.value };
  } else if (mark !== null && !command.mayTakeOver.includes(mark.sagaId)) {
    return { status: 'other-saga', sagaId: mark.sagaId };
  }
  const isLocked = command.value !== null || mark?.sagaId === command.sagaId;
  const wrong = user.notMoney ?? bot.allocatedNotMoney ?? (isLocked ? null : bot.valueNotMoney);
  return wrong === null ? 'again' : { status: 'not-money', ...wrong };
}

export function decideRaise(
  { instanceId, sagaId, epoch }: MarkTarget,
  user: UserReading | null,
): Decision<'raised' | 'absent' | 'fenced'> {
  const mark = user?.allocations.get(instanceId)?.mark;
  if (mark?.sagaId !== sagaId) return 'absent';
  if (mark.epoch > epoch) return 'fenced';
  return mark.epoch === epoch ? 'raised' : 'again';
}

export function decideUnmark(
  { instanceId, sagaId, epoch }: MarkTarget,
  user: UserReading | null,
): Decision<'gone' | 'fenced'> {
  if (user === null) return 'gone';
  const mark = user.allocations.get(instanceId)?.mark;
  if (mark?.sagaId === sagaId) return mark.epoch > epoch ? 'fenced' : 'again';
  return user.withdrawnSagas.has(sagaId) ? 'gone' : 'again';
}

export function decideAbort(
  command: SettleCommand,
  user: UserReading | null,
): Decision<'aborting' | 'absent' | 'settled' | 'fenced'> {
  if (user === null) return 'absent';
  if (receiptOf(user, command.opId) !== undefined) return 'settled';
  if (user.withdrawnSagas.has(command.sagaId)) return 'fenced';
  const bot = user.allocations.get(command.instanceId);
  if (bot === undefined || !isSameLife(bot, command.incarnation)) return 'absent';
  const { mark } = bot;
  if (mark === null) return 'again';
  // Under another saga's mark this saga's settlement is refused anyway.
  if (mark.sagaId !== command.sagaId) return 'absent';
  if (mark.epoch > command.epoch) return 'fenced';
  return mark.epoch === command.epoch && mark.aborting ? 'aborting' : 'again';
}

export function decideSettle(
  command: SettleCommand,
  user: UserReading | null,
): Decision<SettleResult> {
  if (user === null) return { status: 'account-gone' };
  const receipt = receiptOf(user, command.opId);
  if (receipt !== undefined) return { status: 'settled', receipt };
  const bot = user.allocations.get(command.instanceId);
  if (bot === undefined) return { status: 'absent' };
  const { mark } = bot;
  if (!isSameLife(bot, command.incarnation)) return otherLife(bot);
  const isWithdrawn = user.withdrawnSagas.has(command.sagaId);
  if (mark === null) return { status: isWithdrawn ? 'fenced' : 'mark-dropped' };
  if (mark.sagaId !== command.sagaId) return { status: 'other-saga', sagaId: mark.sagaId };
  if (isWithdrawn) return { status: 'fenced' };
  if (mark.aborting || mark.epoch > command.epoch) return { status: 'fenced' };
  if (mark.epoch < command.epoch) return { status: 'stale-mark', epoch: mark.epoch };
  const wrong = user.notMoney ?? bot.allocatedNotMoney ?? bot.lockedNotMoney;
  return wrong === null ? 'again' : { status: 'not-money', ...wrong };
}

export function decideResurrected(
  { incarnation, mayTakeOver }: ResurrectedTarget,
  past: BotPast,
  user: UserReading | null,
): Decision<ResurrectedResult> {
  const { instanceId, life } = incarnation;
  const bot = user?.allocations.get(instanceId);
  if (user === null || bot === undefined) return { status: 'gone' };
  const isOfLife = isDated(life) ? bot.life === life : !bot.isDated;
  if (!isOfLife) return { status: bot.acceptedFrom === life ? 'accepted' : 'gone' };
  const { mark } = bot;
  if (mark !== null && !mayTakeOver.includes(mark.sagaId)) {
    return { status: 'marked', sagaId: mark.sagaId };
  }
  const isSettled = priorSettlement(user, past, incarnation, bot) !== null;
  return isSettled ? 'again' : { status: 'not-settled' };
}

/** The first thing that keeps a saga from locking this allocation. */
export function firstNotMoney(user: UserReading, bot: AllocationReadingRow): NotMoney | null {
  return user.notMoney ?? bot.allocatedNotMoney ?? bot.valueNotMoney;
}

export function receiptOf(user: UserReading, opId: string): Receipt | undefined {
  return user.receipts.find((receipt) => receipt.opId === opId);
}

function isSameLife(bot: AllocationReadingRow, { life }: Incarnation): boolean {
  return bot.life === life || (bot.life === null && isStamped(life));
}

/** An undated allocation under a foreign mark carries that mark's stamp: the saga is what matters. */
function otherLife({ isDated, life, mark }: AllocationReadingRow) {
  if (!isDated && mark !== null) return { status: 'other-saga', sagaId: mark.sagaId } as const;
  return { status: 'other-incarnation', life } as const;
}
