// The result of a wallet command, derived from what the users' collection shows after it. Pure: the same
// reading gives the same answer to every worker, also when the reply of the write was lost (I2, I5, I6).
// 'again': the reading shows no reason why the condition should not have held, so that something moved
// in between; the command is sent once more.

import { type Incarnation, isDated, isStamped } from '../../domain/incarnation.ts';
import type { Receipt } from '../receipts.ts';
import type {
  LockCommand,
  LockResult,
  LockTarget,
  ResurrectedResult,
  ResurrectedTarget,
  SettleCommand,
  SettleResult,
} from '../wallets.ts';
import type { BotPast } from './bot-pasts.ts';
import { priorSettlement } from './prior-settlements.ts';
import type { AllocationReadingRow, NotMoney, UserReading } from './user-reading.ts';

export type Decision<T> = T | 'again';

export function decideLock(
  command: LockCommand,
  opId: string,
  past: BotPast,
  user: UserReading | null,
): Decision<LockResult> {
  if (user === null) return { status: 'account-gone' };
  const bot = user.allocations.get(command.instanceId);
  const receipt = receiptOf(user, opId);
  if (receipt !== undefined) return { status: 'already-settled', opId: receipt.opId };
  // A dated incarnation was read at the capture; an undated one has its name only from here on.
  const prior = bot?.isDated === false ? priorSettlement(user, past, command, bot) : null;
  if (prior !== null) return { status: 'already-settled', opId: prior.opId };
  if (user.withdrawnSagas.has(command.sagaId)) return { status: 'fenced' };
  if (bot === undefined) return { status: 'absent' };
  if (!isSameIncarnation(bot, command.incarnation)) return otherIncarnation(bot);
  const { lock } = bot;
  if (lock?.sagaId === command.sagaId) {
    if (lock.aborting || lock.epoch > command.epoch) return { status: 'fenced' };
    if (lock.epoch === command.epoch) return { status: 'locked', value: lock.value };
  } else if (lock !== null && !command.mayTakeOver.includes(lock.sagaId)) {
    return { status: 'other-saga', sagaId: lock.sagaId };
  }
  const isLocked = command.value !== null || lock?.sagaId === command.sagaId;
  const wrong = user.notMoney ?? bot.allocatedNotMoney ?? (isLocked ? null : bot.valueNotMoney);
  return wrong === null ? 'again' : { status: 'not-money', ...wrong };
}

export function decideRaise(
  { instanceId, sagaId, epoch }: LockTarget,
  user: UserReading | null,
): Decision<'raised' | 'absent' | 'fenced'> {
  const lock = user?.allocations.get(instanceId)?.lock;
  if (lock?.sagaId !== sagaId) return 'absent';
  if (lock.epoch > epoch) return 'fenced';
  return lock.epoch === epoch ? 'raised' : 'again';
}

export function decideUnlock(
  { instanceId, sagaId, epoch }: LockTarget,
  user: UserReading | null,
): Decision<'gone' | 'fenced'> {
  if (user === null) return 'gone';
  const lock = user.allocations.get(instanceId)?.lock;
  if (lock?.sagaId === sagaId) return lock.epoch > epoch ? 'fenced' : 'again';
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
  if (bot === undefined || !isSameIncarnation(bot, command.incarnation)) return 'absent';
  const { lock } = bot;
  if (lock === null) return 'again';
  // Under another saga's lock this saga's settlement is refused anyway.
  if (lock.sagaId !== command.sagaId) return 'absent';
  if (lock.epoch > command.epoch) return 'fenced';
  return lock.epoch === command.epoch && lock.aborting ? 'aborting' : 'again';
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
  const { lock } = bot;
  if (!isSameIncarnation(bot, command.incarnation)) return otherIncarnation(bot);
  const isWithdrawn = user.withdrawnSagas.has(command.sagaId);
  if (lock === null) return { status: isWithdrawn ? 'fenced' : 'lock-dropped' };
  if (lock.sagaId !== command.sagaId) return { status: 'other-saga', sagaId: lock.sagaId };
  if (isWithdrawn) return { status: 'fenced' };
  if (lock.aborting || lock.epoch > command.epoch) return { status: 'fenced' };
  if (lock.epoch < command.epoch) return { status: 'stale-lock', epoch: lock.epoch };
  const wrong = user.notMoney ?? bot.allocatedNotMoney ?? bot.lockedNotMoney;
  return wrong === null ? 'again' : { status: 'not-money', ...wrong };
}

export function decideResurrected(
  { incarnation, mayTakeOver }: ResurrectedTarget,
  past: BotPast,
  user: UserReading | null,
): Decision<ResurrectedResult> {
  const { instanceId, incarnationId } = incarnation;
  const bot = user?.allocations.get(instanceId);
  if (user === null || bot === undefined) return { status: 'gone' };
  const isOfIncarnation = isDated(incarnationId)
    ? bot.incarnationId === incarnationId
    : !bot.isDated;
  if (!isOfIncarnation) return { status: bot.acceptedFrom === incarnationId ? 'accepted' : 'gone' };
  const { lock } = bot;
  if (lock !== null && !mayTakeOver.includes(lock.sagaId)) {
    return { status: 'locked', sagaId: lock.sagaId };
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

function isSameIncarnation(bot: AllocationReadingRow, { incarnationId }: Incarnation): boolean {
  return (
    bot.incarnationId === incarnationId || (bot.incarnationId === null && isStamped(incarnationId))
  );
}

/** An undated allocation under a foreign lock carries that lock's stamp: the saga is what matters. */
function otherIncarnation({ isDated, incarnationId, lock }: AllocationReadingRow) {
  if (!isDated && lock !== null) return { status: 'other-saga', sagaId: lock.sagaId } as const;
  return { status: 'other-incarnation', incarnationId } as const;
}
