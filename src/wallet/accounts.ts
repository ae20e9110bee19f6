// A user's money and bots, for showing them. Nothing is decided from these reads: a value of a wrong
// type is shown as it stands, because a page that hides what is broken does not help.

import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';

export interface Accounts {
  /** Null: no such user. Never reads the embedded transactions, however many there are. */
  find(who: AccountQuery): Promise<Account | null>;

  /** What the user's allocations come to. Zero for an unknown user. */
  totals(userId: UserId): Promise<WalletTotals>;

  /** Whether any user holds an allocation. */
  hasAllocations(): Promise<boolean>;
}

/** Dollars, summed by the database in decimals; values that are not money are left out. */
export interface WalletTotals {
  readonly allocated: number;
  readonly currentValue: number;
  readonly pnl: number;
}

export type AccountQuery = { readonly userId: UserId } | { readonly firebaseUid: FirebaseUid };

export interface Account {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  /** Dollars; null for a user from before wallets. Unknown where no number stands. */
  readonly balance: unknown;
  readonly currency: string;
  /** ISO 8601. */
  readonly lastUpdated: string | null;
  readonly allocations: readonly AccountAllocation[];
  /** Keys of allocations that are no ids of bots: never shown by name, always counted. */
  readonly unreadableBots: readonly string[];
}

/** The platform's fields as they stand; a missing one is null. */
export interface AccountAllocation {
  readonly instanceId: InstanceId;
  readonly botName: unknown;
  readonly allocatedAmount: unknown;
  readonly currentValue: unknown;
  /** ISO 8601 for a date. */
  readonly allocatedAt: unknown;
  /** Set while a saga holds the bot. */
  readonly lockedBy?: { readonly sagaId: string; readonly aborting: boolean };
}
