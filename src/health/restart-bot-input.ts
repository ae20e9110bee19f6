// The input of a bot's restart.

import { type Json, type SagaOrder, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import {
  type FirebaseUid,
  type InstanceId,
  toFirebaseUid,
  toInstanceId,
  toUserId,
  type UserId,
} from '../domain/ids.ts';

/** Not `pool-health`: that is the clock's job, which is no saga. */
export const RESTART_BOT = 'restart-bot';

export interface RestartBotInput {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly instanceId: InstanceId;
  /** The first restart is 1. */
  readonly attempt: number;
}

const STORED = stored<{
  userId: string;
  firebaseUid: string | null;
  instanceId: string;
  attempt: number;
}>(
  'input of a restart',
  Type.Object({
    userId: Type.String(),
    firebaseUid: Type.Union([Type.String(), Type.Null()]),
    instanceId: Type.String(),
    attempt: Type.Integer(),
  }),
);

export function restartOrder(
  { userId, firebaseUid, instanceId }: Omit<RestartBotInput, 'attempt'>,
  attempt: number,
): SagaOrder {
  return {
    kind: RESTART_BOT,
    subject: userId,
    requestedBy: 'system:health',
    input: STORED.write({ userId, firebaseUid, instanceId, attempt }),
  };
}

export function readInput(json: Json): RestartBotInput {
  const { userId, firebaseUid, instanceId, attempt } = STORED.read(json);
  return {
    userId: toUserId(userId),
    firebaseUid: firebaseUid === null ? null : toFirebaseUid(firebaseUid),
    instanceId: toInstanceId(instanceId),
    attempt,
  };
}
