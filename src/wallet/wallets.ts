// The wallet side of a user document. The only port through which this program changes users (I2, I5):
// every write is one conditional update that the database decides, and every answer is a value. All
// arithmetic happens inside MongoDB, in Decimal128. Reads of money are majority reads on the primary.

import type { SagaId } from '@reclaim/saga';
import type { BotWorth } from '../domain/bot-worth.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import type { Incarnation } from '../domain/incarnation.ts';
import type { Receipt, Reservation } from './receipts.ts';
import type { RestoreOrder, RestoreResult } from './restorations.ts';

export interface Wallets {
  /** One user's allocation of one bot, with everything a saga must know before it touches it.
   * Reads of many sagas that wait together go out as one query.
   * @param expected default: `present`. What is known of its past is read at once then, else only where it is there. */
  readAllocation(
    userId: UserId,
    instanceId: InstanceId,
    expected?: 'present' | 'absent',
  ): Promise<AllocationReading>;

  /** Sets the semantic lock `lockedBy: {sagaId, epoch, value, incarnationId, stamped?}` on the allocation. Applies only
   * when the allocation is of the given incarnation, its numbers are money, and it carries no lock,
   * or this saga's of the same or a lower epoch, or one listed in `mayTakeOver`. The first write on a
   * user also sets `ledgerState {opening, openingRows, seq: 0, settled: []}`. Repeatable. */
  lock(command: LockCommand): Promise<LockResult>;

  /** Raises the epoch of this saga's lock (never lowers it). 'absent': there is no such lock. */
  raiseLock(target: LockTarget): Promise<'raised' | 'absent' | 'fenced'>;

  /** Removes the lock if it names this saga with an epoch not above the given one, and forbids this saga another one
   * from here on, however late a worker of it may come (I5): `lock` and `abortSettlement` then answer `fenced`.
   * Repeatable. */
  unlock(target: LockTarget): Promise<'removed' | 'absent' | 'fenced'>;

  /** Forbids this saga's settlement for good before a compensation that follows a begun pivot: sets
   * `lockedBy.aborting: true` under the epoch; where the lock is gone but the incarnation is there, an aborting lock is
   * written (I6). 'settled': a receipt exists, too late to abort. */
  abortSettlement(command: SettleCommand): Promise<'aborting' | 'absent' | 'settled' | 'fenced'>;

  /** The settlement (I2): balance, allocation and transaction in ONE document update. Every outcome
   * of a filter that did not match is determined by one re-read; see SettleResult. Repeatable. */
  settle(command: SettleCommand): Promise<SettleResult>;

  /** What settling these allocations would come to now, computed as a settlement would; writes nothing. Those that
   * are not there, or whose numbers are not money, are left out. */
  preview(userId: UserId, instanceIds: readonly InstanceId[]): Promise<SettlementPreview>;

  /** Takes a resurrected allocation (one that was settled, and put back by another program) out of the document
   * without paying it. Applies only to that incarnation, and under no lock but those in `mayTakeOver`; raises
   * `__v`. Repeatable. */
  dropResurrected(target: ResurrectedTarget): Promise<ResurrectedResult>;

  /** Makes a resurrected allocation a new incarnation that may be paid once: allocatedAt becomes the database's
   * now, a leftover lock goes, `acceptedFrom` names the incarnation it had. Same conditions. Repeatable. */
  acceptResurrected(target: ResurrectedTarget): Promise<ResurrectedResult>;

  /** The receipt of a settlement, from ledgerState.settled, walletTransactions or the ledger, or null. */
  findReceipt(userId: UserId, opId: string): Promise<Receipt | null>;

  /**
   * The payment of the platform's own deletion, where it and ours met, as a receipt that names this incarnation; null: no
   * row of its since that moment proves it, or the balance has not moved by it. Searched for only where an allocation is
   * gone without a receipt of ours (I2).
   */
  findPlatformPayment(query: PlatformPaymentQuery): Promise<Receipt | null>;

  /** Pays in once more what settlements had paid that a stale save took back: one document update, once for its
   * operation, and only as the ledger proves. Repeatable. */
  restore(order: RestoreOrder): Promise<RestoreResult>;

  /** Sets money aside for a new bot: balance down, allocation up and the transaction `allocate`, in ONE document
   * update (I2), dated by the database. Applies only when the balance holds the amount, no allocation of this
   * id exists, and neither this operation's row nor its withdrawal. The first write on a user sets
   * `ledgerState` as `lock` does. Repeatable. */
  reserve(order: ReserveOrder): Promise<ReserveResult>;

  /** Forbids this reservation from here on, however late its write may arrive (I5), then answers whether it had
   * landed. Repeatable; the money is not moved by it. */
  withdrawReserve(order: ReserveOrder): Promise<WithdrawResult>;

  /** Drops receipts from `ledgerState.settled` that the ledger has held for a day: the guard against a
   * save of stale known paths is needed no longer than such copies live.
   * @param signal ends it behind the users at hand. @returns how many were dropped. */
  forgetSettled(signal?: AbortSignal): Promise<number>;

  /** Removes embedded rows beyond the newest `keep`, oldest first: exactly those that the ledger has held for
   * a day, by their `_id` or opId. Rows with neither are never removed, nor those that a standing allocation is told
   * by from an old copy. Bounded: the rest comes with the next call. @returns how many were removed. */
  trimRows(command: TrimCommand): Promise<number>;

  /** Users other than the given one that hold an allocation of this id, at most 2. A scan: called only
   * where no label, mapping or pool names an owner. */
  otherHolders(userId: UserId, instanceId: InstanceId): Promise<readonly UserId[]>;

  /** Which of these firebaseUids belong to a user. */
  existingFirebaseUids(uids: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface ResurrectedTarget {
  /** The incarnation that was settled. One that is no date stands for every undated allocation of a bot that was
   * settled once: such an allocation is an old copy, regardless of its stamp. */
  readonly incarnation: Incarnation;
  /** Sagas whose leftover lock came back with the copy: not open any more. */
  readonly mayTakeOver: readonly SagaId[];
}

export type ResurrectedResult =
  /** The wallet has no allocation of that incarnation: taken out now, before, or by another program. */
  | { readonly status: 'gone' }
  /** It is a new incarnation, accepted now or before. */
  | { readonly status: 'accepted' }
  | { readonly status: 'locked'; readonly sagaId: SagaId }
  /** Neither the document nor the ledger knows a settlement of it: it may still be owed. */
  | { readonly status: 'not-settled' };

export interface PlatformPaymentQuery {
  readonly incarnation: Incarnation;
  /** When the allocation was read or made, database time, ms: older rows prove nothing about this incarnation. */
  readonly knownAtMs: number;
  readonly botName: string;
  /** Dollars as read at the lock, for profit and loss; null where it was no money. */
  readonly allocatedAmount: number | null;
}

export interface TrimCommand {
  readonly userId: UserId;
  readonly keep: number;
  /** How far the rows were taken into the ledger: nothing behind it is touched. `trimmed` is the user's
   * count of removed rows at the moment `index` was noted. */
  readonly takenIn: { readonly index: number; readonly trimmed: number };
}

export type AllocationReading =
  | { readonly status: 'account-gone' }
  | { readonly status: 'absent'; readonly firebaseUid: FirebaseUid | null }
  | {
      readonly status: 'present';
      readonly firebaseUid: FirebaseUid | null;
      readonly allocation: AllocationFacts;
    };

/** An allocation as a saga sees it. Numbers are plain JSON for captures and messages; they are never
 * added here. */
export interface AllocationFacts {
  readonly botName: string;
  /** Dollars; missing where it is no money. */
  readonly allocatedAmount?: number;
  /** The incarnation id: allocatedAt as ISO text, the stamp in the lock, or null (not stamped yet). */
  readonly incarnationId: string | null;
  /** The value to be locked: currentValue, or allocatedAmount where that is missing or null. */
  readonly value: number;
  /** Null when all numbers are money; else the first field that is not, with what was found there,
   * e.g. `{field: 'currentValue', found: '"61.5"'}`. `paperWallet.balance` counts too. */
  readonly notMoney: { readonly field: string; readonly found: string } | null;
  readonly lock: AllocationLock | null;
  /** Set when this incarnation was settled before, by the document, the ledger or the tombstones of the bot: then the
   * allocation is resurrected (a legacy writer put it back) and is never paid again. An incarnation is recognised by
   * its date; one dated before the bot's newest settlement is an old copy too, and so is an undated one, unless the
   * platform has set that very amount aside for the bot since. */
  readonly settledOpId: string | null;
}

export interface AllocationLock {
  readonly sagaId: SagaId;
  readonly epoch: number;
  readonly value: number;
  readonly aborting: boolean;
}

export interface LockTarget {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  readonly sagaId: SagaId;
  readonly epoch: number;
}

export interface LockCommand extends LockTarget {
  readonly incarnation: Incarnation;
  /**
   * The captured value, for locking again where a legacy writer dropped the lock; null locks the value found. What the
   * bot has answered already, and this saga's lock holds, stays, unless this is a newer answer.
   */
  readonly value: number | null;
  /** This saga has never locked the allocation before: there is no answer of the bot's that its lock could hold. */
  readonly isFirst?: true;
  /** The bot has answered that value itself: a settlement pays it, regardless of `currentValue` by then. */
  readonly isLive?: true;
  /** Of the allocation that the bot was asked about, where a live value is locked again; else the stored amount. A
   * settlement pays the live value while that is still the same: money taken out or put in since is in no answer of the
   * bot's. */
  readonly allocatedAmount?: number;
  /** Sagas whose leftover lock may be replaced: not open any more and without a receipt. */
  readonly mayTakeOver: readonly SagaId[];
}

export type LockResult =
  | { readonly status: 'locked'; readonly value: number }
  | { readonly status: 'account-gone' | 'absent' }
  | { readonly status: 'other-incarnation'; readonly incarnationId: string | null }
  | { readonly status: 'other-saga'; readonly sagaId: SagaId }
  | { readonly status: 'not-money'; readonly field: string; readonly found: string }
  /** This incarnation was settled before, by document, ledger or tombstones: it came back with an old copy. */
  | { readonly status: 'already-settled'; readonly opId: string }
  | { readonly status: 'fenced' };

export interface SettleCommand extends LockTarget {
  readonly incarnation: Incarnation;
  /** The one for this incarnation: `settlementOpId(incarnation)`. */
  readonly opId: string;
  readonly botName: string;
  /** The value captured at the lock, for an aborting lock that has to be written anew. */
  readonly lockedValue: number;
  /** What the bot answers that it is worth. Live: that is paid, unless the allocated amount has changed since. Not
   * live: the stored value is, unless the lock holds a live one, and row and receipt record that. Missing, or stored:
   * the stored value is the one that counts. */
  readonly worth?: BotWorth;
  /** Set where a live `worth` is what the lock's step received: a live value in the lock is the same or newer. */
  readonly lockMayBeNewer?: true;
  /** Which sentence the transaction's description is: `Returned $X from deleted bot (P&L: +$Y)`,
   * `Auto-cleanup: returned $X from orphaned bot (P&L: -$Y)` or, where a provision is undone,
   * `Returned $X from bot that was not started (P&L: +$Y)`. */
  readonly reason: 'deleted' | 'orphaned' | 'not-started';
}

export type SettleResult =
  /** Paid now, or paid before by another saga or program (cases 0 and a). */
  | { readonly status: 'settled'; readonly receipt: Receipt }
  /** (b) same incarnation without a lock. */
  | { readonly status: 'lock-dropped' }
  /** (c) another saga's lock. */
  | { readonly status: 'other-saga'; readonly sagaId: SagaId }
  /** (d) another incarnation stands there. */
  | { readonly status: 'other-incarnation'; readonly incarnationId: string | null }
  /** (e), (f): no allocation and no receipt; the caller knows whether it ever was there. */
  | { readonly status: 'absent' }
  | { readonly status: 'account-gone' }
  /** (g) this saga's lock with a lower epoch. */
  | { readonly status: 'stale-lock'; readonly epoch: number }
  /** (g) this saga's lock with a higher epoch, or aborting. */
  | { readonly status: 'fenced' }
  /** The numbers stopped being money after the lock. */
  | { readonly status: 'not-money'; readonly field: string; readonly found: string };

export interface SettlementPreview {
  readonly bots: readonly {
    readonly instanceId: InstanceId;
    readonly botName: string;
    /** Dollars, rounded to cents. */
    readonly amount: number;
    readonly pnl: number;
  }[];
  /** Cents. */
  readonly totalMinor: number;
  /** Null: no such user, or a balance that is not money. */
  readonly newBalance: number | null;
}

export interface ReserveOrder {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** `reserveOpId(sagaId)`. */
  readonly opId: string;
  readonly botName: string;
  /** Integer cents, above 0. */
  readonly amountMinor: number;
}

export type ReserveResult =
  /** Now or by an earlier call of this operation. */
  | { readonly status: 'reserved'; readonly reservation: Reservation }
  | { readonly status: 'insufficient-funds'; readonly balance: number }
  /** An allocation of this id that this operation did not make. */
  | { readonly status: 'occupied' }
  /** A compensation undoes this operation. */
  | { readonly status: 'withdrawn' }
  | { readonly status: 'account-gone' }
  | { readonly status: 'not-money'; readonly field: string; readonly found: string };

export type WithdrawResult =
  /** It had landed; the allocation may have been settled since. */
  | { readonly status: 'reserved'; readonly reservation: Reservation }
  /** It never landed, and never will. */
  | { readonly status: 'withdrawn' }
  | { readonly status: 'account-gone' };
