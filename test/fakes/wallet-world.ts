// The money of one bot, as it stands in memory: a user's wallet is that of all their bots.

import type { FirebaseUid, InstanceId, UserId } from '../../src/domain/ids.ts';
import {
  decideAbort,
  decideLock,
  decideRaise,
  decideSettle,
  decideUnlock,
} from '../../src/wallet/mongodb/wallet-decisions.ts';
import type { Receipt, Reservation } from '../../src/wallet/receipts.ts';
import type { AllocationLock } from '../../src/wallet/wallets.ts';

/** When the platform set the money aside. */
export const INCARNATION = '2026-10-02T09:30:00.000Z';
export const OPENING_MINOR = 100_000;
export const VALUE_MINOR = 25_050;

export interface WalletWorld extends Names {
  readonly rules: WalletRules;
  balanceMinor: number;
  /** Null: paid back. */
  allocation: AllocationWorld | null;
  /** As it stood before it was paid back: a legacy writer may still hold it. */
  copy: AllocationWorld | null;
  isResurrected: boolean;
  readonly receipts: Receipt[];
  /** Sagas that have taken their locks back. */
  readonly withdrawn: Set<string>;
  /** Every payment, as the user would see it. */
  readonly payments: Payment[];
  readonly ledger: Set<string>;
  /** What was set aside for the bot by a provision. */
  reserved: Reservation | null;
  readonly nowMs: () => number;
  /** For how long its bot has been running. */
  readonly runningForMs: () => number;
}

interface Payment {
  readonly sagaId: string;
  readonly atMs: number;
  /** For how long the bot had been running when it was sent. */
  readonly runningForMs: number;
}

export interface AllocationWorld {
  readonly valueMinor: number;
  readonly incarnationId: string;
  readonly lock: AllocationLock | null;
}

/** Whether a reservation was forbidden by the way back of its saga. */
const isForbidden = (withdrawn: ReadonlySet<string>, opId: string) => withdrawn.has(opId);

export const RULES = {
  ...{ decideAbort, decideLock, decideRaise, decideSettle, decideUnlock },
  isForbidden,
};
export type WalletRules = typeof RULES;

export interface WalletBeginning {
  readonly rules: WalletRules;
  /** Whether money is set aside for the bot already. */
  readonly hasBot: boolean;
  readonly nowMs: () => number;
  readonly runningForMs: () => number;
}

export interface Names {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly instanceId: InstanceId;
}

export function createWalletWorld(
  { userId, firebaseUid, instanceId }: Names,
  { rules, hasBot, nowMs, runningForMs }: WalletBeginning,
): WalletWorld {
  return {
    userId,
    firebaseUid,
    instanceId,
    rules,
    balanceMinor: OPENING_MINOR,
    allocation: hasBot ? { valueMinor: VALUE_MINOR, incarnationId: INCARNATION, lock: null } : null,
    copy: null,
    isResurrected: false,
    receipts: [],
    withdrawn: new Set(),
    payments: [],
    ledger: new Set(),
    reserved: null,
    nowMs,
    runningForMs,
  };
}

export function moneyOf(
  all: readonly WalletWorld[],
  { userId, instanceId }: Pick<Names, 'userId' | 'instanceId'>,
): WalletWorld {
  const own = all.find((one) => one.userId === userId && one.instanceId === instanceId);
  if (own === undefined) throw new RangeError(`${userId} has no ${instanceId}`);
  return own;
}

/** A legacy writer saves a copy of the wallet that knows no locks. */
export function dropLock(world: WalletWorld): void {
  if (world.allocation !== null) world.allocation = { ...world.allocation, lock: null };
}

/** One that still has the allocation saves its copy: lock and all. */
export function resurrect(world: WalletWorld): void {
  world.allocation ??= world.copy;
  world.isResurrected = true;
}
