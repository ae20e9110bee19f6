// What a deletion, or the reclaiming of an orphan, is told at its acceptance. The policy is part of it: a saga in
// flight ends by the rules its caller was promised, whatever the configuration says later.

import { type Json, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import {
  type FirebaseUid,
  type InstanceId,
  toFirebaseUid,
  toInstanceId,
  toUserId,
  type UserId,
} from '../domain/ids.ts';

/** What happens when the bot cannot be stopped, or its pool entry not be written, in time. `refund`: the
 * wallet is cleaned all the same and the tombstone finishes the rest; `restore`: everything goes back;
 * `hold`: a person decides. */
export type StopFailurePolicy = 'refund' | 'restore' | 'hold';

export interface DeleteBotInput {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly instanceId: InstanceId;
  readonly onStopFailure: StopFailurePolicy;
  /** Counted from the first attempt to reach Docker or the pool state, captures included. */
  readonly stopTimeoutMs: number;
  /** The longest stop time of an owner's that is waited for; missing: none. */
  readonly maxStopSeconds?: number;
  /** Whether the wallet held the bot when the deletion was asked for. Missing: nobody has looked. */
  readonly heldAtRequest?: boolean;
  /** Set for an orphan: the one allocation that two looks found without a bot. */
  readonly orphan?: OrphanFacts;
}

/** The incarnation that is to be paid, and no other; null for an allocation without a date. */
export interface OrphanFacts {
  readonly incarnationId: string | null;
}

const STORED = stored<{
  userId: string;
  firebaseUid: string | null;
  instanceId: string;
  onStopFailure: StopFailurePolicy;
  stopTimeoutMs: number;
  maxStopSeconds?: number;
  heldAtRequest?: boolean;
  orphan?: OrphanFacts;
}>(
  'input of a deletion',
  Type.Object({
    userId: Type.String(),
    firebaseUid: Type.Union([Type.String(), Type.Null()]),
    instanceId: Type.String(),
    onStopFailure: Type.Union([
      Type.Literal('refund'),
      Type.Literal('restore'),
      Type.Literal('hold'),
    ]),
    stopTimeoutMs: Type.Number(),
    maxStopSeconds: Type.Optional(Type.Number()),
    heldAtRequest: Type.Optional(Type.Boolean()),
    orphan: Type.Optional(Type.Object({ incarnationId: Type.Union([Type.String(), Type.Null()]) })),
  }),
);

export function writeInput(input: DeleteBotInput): Json {
  return STORED.write(input);
}

export function readInput(json: Json): DeleteBotInput {
  const { userId, firebaseUid, instanceId, ...policy } = STORED.read(json);
  return {
    userId: toUserId(userId),
    firebaseUid: firebaseUid === null ? null : toFirebaseUid(firebaseUid),
    instanceId: toInstanceId(instanceId),
    ...policy,
  };
}
