// What one run over all users has found, bot by bot: the list it works off after its guards have judged the whole,
// and the evidence that stays when it has ended.

import type { SagaId } from '@reclaim/saga';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import type { PresenceAnswer, Verdict } from '../domain/presence.ts';
import type { Fence } from './suspects.ts';

/** Every write asks the fence right before it is sent (I5): a worker that was paused must not begin the list anew under
 * the one that works it off. */
export interface RunDrifts {
  /** Forgets what an earlier attempt of this run has noted. */
  restart(runId: SagaId, fence: Fence): Promise<void>;

  /** Durable on a majority when it returns. */
  add(runId: SagaId, drifts: readonly RunDrift[], fence: Fence): Promise<void>;

  /** By user, in batches, in a stable order. */
  byUser(
    runId: SagaId,
    call: { readonly signal: AbortSignal },
  ): AsyncIterable<readonly DriftedUser[]>;

  /** Notes which run observes a user's drifts again. */
  assign(runId: SagaId, runs: ReadonlyMap<UserId, SagaId>, fence: Fence): Promise<void>;

  /** For people: the first of them. */
  sample(runId: SagaId, limit: number): Promise<readonly RunDrift[]>;
}

export interface RunDrift {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly instanceId: InstanceId;
  readonly verdict: Verdict;
  readonly poolState: PresenceAnswer;
  readonly docker: PresenceAnswer;
  /** Cents; null where there is no money in it, or nothing that is money. */
  readonly valueMinor: number | null;
}

export interface DriftedUser {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly drifts: readonly RunDrift[];
  /** The run that observes again; null before one was started. */
  readonly sagaId: SagaId | null;
}
