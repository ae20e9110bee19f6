// Who holds which bots, for a run over all users: streamed, so that its memory does not grow with their number.

import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';

export interface Holdings {
  /** Every user with an allocation, in batches. Only ids: the sums are asked for the few that drifted. */
  stream(call: {
    readonly signal: AbortSignal;
    /** Told of each user who cannot be named by any record, and is left out: one odd document stops no run. */
    readonly onUnreadable?: () => void;
  }): AsyncIterable<readonly UserHoldings[]>;

  /** What these allocations are worth in cents, computed by the database; those that are gone or not money are
   * left out. */
  worth(bots: readonly HeldBot[]): Promise<readonly BotWorth[]>;

  /** The users of these firebaseUids. */
  usersOf(firebaseUids: readonly string[]): Promise<ReadonlyMap<string, UserId>>;
}

export interface UserHoldings {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  /** Keys that are no ids of bots are left out: nothing can be asked about them. */
  readonly instanceIds: readonly InstanceId[];
}

export interface HeldBot {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
}

export interface BotWorth extends HeldBot {
  readonly valueMinor: number;
}
