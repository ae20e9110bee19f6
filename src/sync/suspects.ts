// Allocations that a look has found nowhere else, until a second look repairs them or finds their bots: what
// passive runs leave for the confirming one, and what the orphan gauges count.

import type { InstanceId, UserId } from '../domain/ids.ts';

export interface Suspects {
  /** Marks what a look has found; one that was marked before keeps the moment it was first seen, unless its
   * life is known to have changed: that is another suspicion. Repeatable. */
  mark(suspects: readonly NewSuspect[]): Promise<void>;

  /** Those of a user, oldest first. */
  ofUser(userId: UserId): Promise<readonly Suspect[]>;

  /** Ends the suspicion: repaired, or seen to live. Repeatable. */
  clear(userId: UserId, instanceIds: readonly InstanceId[]): Promise<void>;

  /** Ends all that nobody has seen since a look over all users began: what that look saw has been marked
   * again by now, and what another run marked meanwhile was not there to be seen.
   * @param observationBeganAt database time. */
  clearUnobserved(observationBeganAt: Date): Promise<void>;

  /** Count, value in cents (summed by the database) and the oldest moment; of one user, or of all. */
  summary(userId: UserId | null): Promise<SuspectSummary>;
}

export interface NewSuspect {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** The incarnation's life; null for an allocation without a date, and where nobody has read it. */
  readonly incarnationId: string | null;
  /** Dollars, as read; for the gauges only. Null where it is not money. */
  readonly value: number | null;
  readonly runId: string;
}

export interface Suspect extends NewSuspect {
  /** ISO 8601, database time. */
  readonly firstObservedAt: string;
  readonly lastObservedAt: string;
}

export interface SuspectSummary {
  readonly count: number;
  readonly valueMinor: number;
  readonly oldestSeconds: number;
}
