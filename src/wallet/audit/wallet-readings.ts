// What an audit reads of a user: balance, sequence and rows of ONE moment, because they change together.
// Amounts come as the database converted them to decimals; what is no amount is null, never zero (I4, I11).

import type { Exact } from '../../domain/exact-decimal.ts';
import type { FirebaseUid, UserId } from '../../domain/ids.ts';

/** A boundary between two rows that removals in front of it do not move. */
export interface RowBoundary {
  /** Rows before it, when it was noted. */
  readonly index: number;
  /** `trimmed.rows` of that moment. */
  readonly trimmed: number;
}

export interface OursPage {
  readonly userIds: readonly UserId[];
  readonly next: OursCursor | null;
}

export interface OursCursor {
  readonly openedAt: Date;
  readonly userId: UserId;
}

export interface WalletReading {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  /** Database time, ms. */
  readonly readAtMs: number;
  /** Null where the field holds no number; `balanceFound` describes what it holds. */
  readonly balance: Exact | null;
  readonly balanceFound: string;
  /** Null: this program has never written on the user. */
  readonly ledgerState: LedgerState | null;
  readonly rowCount: number;
  /** Where the boundary is now; outside the list when another program has rewritten it. */
  readonly boundaryIndex: number;
  /** The row before the boundary; null when the boundary is not inside the list, or at its start. */
  readonly rowBefore: WalletRow | null;
  /** From the boundary on. */
  readonly rows: readonly WalletRow[];
  /** Our receipts beside the rows; a legacy writer that erases rows leaves them. */
  readonly receipts: readonly OwnMovement[];
}

export interface LedgerState {
  /** The balance at our first write. */
  readonly opening: Exact;
  /** The moment of that write, database time, ms; null where it is no date. */
  readonly openedAtMs: number | null;
  /** So many of the first rows were there before it. */
  readonly openingRows: number;
  /** Of our newest write that moved the balance. */
  readonly seq: number;
  /** What trimming has removed: how many rows, and what the platform's among them had moved. */
  readonly trimmed: { readonly rows: number; readonly moved: Exact };
}

/** A row of `walletTransactions`; numbers that are no money are null, and `found` describes what the field holds. */
export interface WalletRow {
  /** Set when the row is ours. */
  readonly own: { readonly opId: string; readonly seq: number } | null;
  /** Its `_id` as text; null where it has none. */
  readonly rowId: string | null;
  /** Of the platform's fields; equal for equal rows, in any order of their fields. */
  readonly contentHash: string;
  readonly type: string;
  readonly botId: string;
  readonly botName: string;
  readonly description: string;
  readonly amount: RowAmount | null;
  readonly found: string;
  /** The balance that the row states. */
  readonly balanceAfter: { readonly shown: number; readonly exact: Exact } | null;
  /** Database time, ms; null without a proper date. */
  readonly atMs: number | null;
}

export interface RowAmount {
  /** Dollars, for display. */
  readonly shown: number;
  readonly exact: Exact;
  readonly exactText: string;
  /** Integer cents, rounded half-even by the database. */
  readonly minor: number;
}

/** One change of the balance that this program made. */
export interface OwnMovement {
  readonly opId: string;
  readonly seq: number;
  readonly amount: Exact;
  readonly balanceAfter: Exact | null;
  readonly botId: string;
  readonly atMs: number | null;
}
