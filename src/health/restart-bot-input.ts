// The input of a bot's restart.

import type { SagaOrder, StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';
import { FIREBASE_UID, INSTANCE_ID, USER_ID } from '../domain/id-schemas.ts';

/** Not `pool-health`: that is the clock's job, which is no saga. */
export const RESTART_BOT = 'restart-bot';

export const RESTART_BOT_INPUT = Type.Object({
  userId: USER_ID,
  firebaseUid: Type.Union([FIREBASE_UID, Type.Null()]),
  instanceId: INSTANCE_ID,
  /** The first restart is 1. */
  attempt: Type.Integer({ minimum: 1 }),
});
export type RestartBotInput = StoredOf<typeof RESTART_BOT_INPUT>;

export function restartOrder(
  { userId, firebaseUid, instanceId }: Omit<RestartBotInput, 'attempt'>,
  attempt: number,
): SagaOrder {
  return {
    kind: RESTART_BOT,
    subject: userId,
    requestedBy: 'system:health',
    input: { userId, firebaseUid, instanceId, attempt },
  };
}
