// Allocations that an observation has found nowhere else, until a second one repairs them or finds their bots: what
// passive runs leave for the confirming one, and what the orphan gauges count.

import type { InstanceId, UserId } from '../domain/ids.ts';

/** Every write of a run asks the fence right before it is sent (I5): a worker that was paused for longer than its run
 * lasted must not suspect again what was repaired meanwhile. */
export interface Suspects {
  /** Records what an observation has found; one that was recorded before keeps the moment of its first observation,
   * unless its incarnation is known to have changed: that is another suspicion. Repeatable. */
  mark(suspects: readonly NewSuspect[], fence: Fence): Promise<void>;

  /** Those of a user, oldest first. */
  ofUser(userId: UserId): Promise<readonly Suspect[]>;

  /** Ends the suspicion: repaired, or observed to live. Repeatable. */
  clear(userId: UserId, instanceIds: readonly InstanceId[], fence: Fence): Promise<void>;

  /** Ends all that were not observed since a run over all users began: what that run observed has been recorded
   * again by now, and what another run recorded meanwhile was not there to be observed.
   * @param run its id, and when it began, database time. What it recorded itself stays, however far ahead the clock was
   * that its beginning was read from. */
  clearUnobserved(
    run: { readonly id: string; readonly beganAt: Date },
    fence: Fence,
  ): Promise<void>;

  /** Count, value in cents (summed by the database) and the oldest moment; of one user, or of all. */
  summary(userId: UserId | null): Promise<SuspectSummary>;
}

export type Fence = () => Promise<void>;

export interface NewSuspect {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
  /** The incarnation; null for an allocation without a date, and where it was not read. */
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
