// How far the audit of a user has come: the balance it saw and the row it saw last. The next audit chains
// from here, so that its cost does not grow with the user's history (I11).

import type { Exact } from '../../domain/exact-decimal.ts';
import type { UserId } from '../../domain/ids.ts';
import type { RowBoundary } from './wallet-readings.ts';

export interface AuditCheckpoints {
  find(userId: UserId): Promise<Checkpoint | null>;

  /** One conditional write: false when another audit has moved the checkpoint from `revision` on. Ends a
   * suspicion. */
  advance(userId: UserId, revision: number, to: CheckpointState): Promise<boolean>;

  /** Stores a suspicion beside the checkpoint, unless the checkpoint has advanced. */
  suspect(userId: UserId, revision: number, suspicion: Suspicion): Promise<void>;
}

export interface CheckpointState {
  /** Null while only history from before the opening was taken in. */
  readonly balance: Exact | null;
  /** Of our own writes, all up to this one are in `balance`. */
  readonly seq: number;
  readonly boundary: RowBoundary;
  /** What the row before the boundary is known by; null at the start of the list. */
  readonly lastRow: string | null;
  /** How many rows of the platform were ever taken in. */
  readonly position: number;
}

export interface Checkpoint extends CheckpointState {
  /** Raised by every advance; 0 before the first. */
  readonly revision: number;
  /** ISO 8601, database time. */
  readonly at: string;
  readonly suspicion: Suspicion | null;
}

/** A difference that was found and may still be a write that is under way. */
export interface Suspicion {
  /** A fingerprint of the wallet: an unchanged wallet has the same. */
  readonly signature: string;
  /** Database time, ms: when it first had this fingerprint, and since when no pass has added up. */
  readonly observedAtMs: number;
  readonly sinceMs: number;
}
