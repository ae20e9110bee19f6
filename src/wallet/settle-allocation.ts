// The one settle executor: a deletion's refund, a reclaim's and a provision's compensation pay by it, so that whichever
// comes first pays and no other does (I2). The wallet reports which case a settlement met; what follows is decided
// here, case by case (design, section 5). What only the caller can judge is returned as a value.

import { FencedError, HoldError, RetryableError, type SagaId, type StepCall } from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import { type FindSagas, isClosed } from './closed-sagas.ts';
import type { Receipt } from './receipts.ts';
import type {
  LockCommand,
  LockTarget,
  PlatformPaymentQuery,
  SettleCommand,
  Wallets,
} from './wallets.ts';

export interface SettlementPorts {
  readonly wallets: Pick<Wallets, 'settle' | 'lock' | 'raiseLock' | 'findPlatformPayment'>;
  readonly findSagas: FindSagas;
}

/** What a settlement needs of the step that makes it. */
export type SettlingCall = Pick<StepCall, 'sagaId' | 'epoch' | 'signal' | 'fencedWrite'>;

export interface SettlementOrder {
  readonly command: SettleCommand;
  /** What a lock is set to that was dropped, or that a closed saga left behind. */
  readonly relock: Pick<LockCommand, 'value' | 'isLive' | 'allocatedAmount'>;
  /** Nothing has locked it yet: it is locked first, so that the first settlement is the one that pays. */
  readonly isUnlocked?: true;
  /** By what a payment of the platform's is found that came first. Null: there never was an allocation. */
  readonly allocation: Pick<PlatformPaymentQuery, 'knownAtMs' | 'allocatedAmount'> | null;
}

export type Settled =
  | { readonly status: 'paid'; readonly receipt: Receipt }
  | { readonly status: 'account-gone' }
  /** There never was an allocation. */
  | { readonly status: 'nothing-to-pay' }
  | { readonly status: 'other-incarnation' }
  /** Another saga, which is open, holds the lock. */
  | { readonly status: 'locked'; readonly sagaId: SagaId };

/** Locks dropped and set again in one attempt: a legacy writer is fast, but not this fast. */
const MAX_ROUNDS = 20;

/** @throws HoldError NOT_MONEY, ALLOCATION_VANISHED; RetryableError LOCK_CONTENDED; FencedError. */
export async function settleAllocation(
  ports: SettlementPorts,
  call: SettlingCall,
  order: SettlementOrder,
): Promise<Settled> {
  const { command } = order;
  if (order.isUnlocked === true) await lockAgain(ports, call, order, []);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    // An attempt that outlasted its time continues alone: the saga may be back where it began, its lock removed, and
    // the next round would find that the lock was dropped, set it and pay (I6).
    call.signal.throwIfAborted();
    const result = await ports.wallets.settle(command);
    switch (result.status) {
      case 'settled':
        return { status: 'paid', receipt: result.receipt };
      case 'account-gone':
      case 'other-incarnation':
        return { status: result.status };
      case 'absent':
        return findPayment(ports, order);
      case 'lock-dropped':
        await lockAgain(ports, call, order, []);
        break;
      case 'other-saga':
        if (!(await isClosed(ports.findSagas, result.sagaId))) {
          return { status: 'locked', sagaId: result.sagaId };
        }
        await lockAgain(ports, call, order, [result.sagaId]);
        break;
      case 'stale-lock':
        // Fenced first: a worker that lost its claim must not raise a lock to an epoch that is not its.
        await call.fencedWrite();
        await ports.wallets.raiseLock(command);
        break;
      case 'fenced':
        throw new FencedError(call.sagaId, call.epoch);
      case 'not-money':
        throw notMoney(result);
      default:
        return assertNever(result);
    }
  }
  throw new RetryableError('LOCK_CONTENDED', 'the lock is dropped faster than it can be set');
}

// (b) A legacy writer dropped the lock, or (c) a closed saga left its own behind.
async function lockAgain(
  { wallets }: SettlementPorts,
  call: SettlingCall,
  { command, relock }: SettlementOrder,
  mayTakeOver: readonly SagaId[],
): Promise<void> {
  await call.fencedWrite();
  const { userId, instanceId, sagaId, epoch, incarnation } = command;
  const target = { userId, instanceId, sagaId, epoch, incarnation };
  const locked = await wallets.lock({ ...target, ...relock, mayTakeOver });
  if (locked.status === 'fenced') throw new FencedError(call.sagaId, call.epoch);
  // Without a lock the settlement that follows would not find the number.
  if (locked.status === 'not-money') throw notMoney(locked);
  // Every other answer is found again, and decided, by the settlement that follows.
}

// (e) and (f): gone with a row of the platform's that the balance agrees with: its own deletion came first, and paid.
async function findPayment(
  { wallets }: SettlementPorts,
  { command: { incarnation, botName }, allocation }: SettlementOrder,
): Promise<Settled> {
  if (allocation === null) return { status: 'nothing-to-pay' };
  const receipt = await wallets.findPlatformPayment({ incarnation, botName, ...allocation });
  if (receipt !== null) return { status: 'paid', receipt };
  throw new HoldError(
    'ALLOCATION_VANISHED',
    'the allocation was there and is gone without a receipt',
  );
}

function notMoney({ field, found }: { readonly field: string; readonly found: string }) {
  return new HoldError('NOT_MONEY', `${field} is not an amount of money: ${found}`, {
    context: { field, found },
  });
}

/** The fence of a saga that a worker takes over, in the wallet: the lock carries the epoch of the claim, and no write of an
 * older one matches it any more (I5). Repeatable. @throws FencedError where a later claim has raised the lock. */
export async function raiseLock(
  wallets: Pick<Wallets, 'raiseLock'>,
  target: LockTarget,
): Promise<void> {
  const raised = await wallets.raiseLock(target);
  if (raised === 'fenced') throw new FencedError(target.sagaId, target.epoch);
}
