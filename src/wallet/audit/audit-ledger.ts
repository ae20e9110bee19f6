// The ledger as an audit needs it: the platform's rows go in, each once (I2), and what this program posted
// comes out by the user's own sequence (I11).

import type { Exact } from '../../domain/exact-decimal.ts';
import type { FirebaseUid, UserId } from '../../domain/ids.ts';
import type { OwnMovement, WalletRow } from './wallet-readings.ts';

export interface AuditLedger {
  /** Posts rows of the platform. One that exists stays as it is. @returns how many were new. */
  post(postings: readonly PlatformPosting[]): Promise<number>;

  /** Which of these operations were posted from one of the first `before` rows. */
  known(opIds: readonly string[], before: number): Promise<ReadonlySet<string>>;

  /** How many rows with these contents and without an `_id` were posted from the first `before` rows. */
  countEqual(
    userId: UserId,
    contentHashes: readonly string[],
    before: number,
  ): Promise<ReadonlyMap<string, number>>;

  /** Our own entries with `after` < seq ≤ `upTo`, and those of these operations; the newest posted first. */
  own(
    userId: UserId,
    range: { readonly after: number; readonly upTo: number; readonly opIds: readonly string[] },
  ): Promise<readonly OwnMovement[]>;

  /** Our own entries of these moments (database time, ms). */
  ownAt(userId: UserId, momentsMs: readonly number[]): Promise<readonly OwnMovement[]>;

  /** What was set aside for these bots by any program, and what this program settled of them, oldest first. Of their
   * newest `MAX_BOT_ENTRIES`. */
  ofBots(userId: UserId, botIds: readonly string[]): Promise<readonly BotEntry[]>;

  /** Money that went nowhere, newest first; of one user or of all. */
  writeOffs(query: { readonly userId: UserId | null; readonly limit: number }): Promise<WriteOffs>;
}

/** Incarnations of one query: what is older was judged when it was new. */
export const MAX_BOT_ENTRIES = 1_000;

export interface BotEntry {
  readonly type: 'allocate' | 'deallocate';
  readonly opId: string;
  readonly botId: string;
  readonly incarnationId: string | null;
  readonly atMs: number;
}

/** What a row of the platform means for the balance. `before-opening`: it was there before our first write
 * and is not summed; `informational`: a profit or loss that moved no balance; `not-money`: its amount is
 * no number. */
export type Standing = 'counted' | 'informational' | 'before-opening' | 'not-money';

export interface PlatformPosting {
  readonly opId: string;
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly row: WalletRow;
  readonly standing: Standing;
  /** What it moved the balance by; 0 unless it counts. */
  readonly moved: Exact;
  /** The how-manieth row of the platform it is, from 0. */
  readonly position: number;
  /** Database time of the reading, ms: stands for the date of a row without one. */
  readonly readAtMs: number;
}

export interface WriteOffs {
  readonly count: number;
  readonly newest: readonly WriteOff[];
}

export interface WriteOff {
  readonly opId: string;
  readonly userId: string;
  readonly botId: string;
  readonly amountMinor: number;
  /** ISO 8601. */
  readonly at: string;
}
