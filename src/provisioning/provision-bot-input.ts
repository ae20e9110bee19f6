// What a provision is told at its acceptance. Image and time limits are part of it: a saga in flight ends by
// the rules its caller was promised, whatever the configuration says later.

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

export interface ProvisionBotInput {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly instanceId: InstanceId;
  readonly botName: string;
  /** Dollars as the caller wrote them, for display. */
  readonly allocatedAmount: number;
  /** The same in integer cents: what is moved. */
  readonly amountMinor: number;
  /** Of a container of its own, where no pool has room; null: there is none. */
  readonly image: string | null;
  /** How long the bot may take to be up, counted from the first attempt to reach Docker or the pool state. */
  readonly startTimeoutMs: number;
  /** How much longer the way back waits for them before it leaves the rest to the tombstone. */
  readonly undoTimeoutMs: number;
  /** Of a request with an Idempotency-Key (`requestName`): a repeat finds the saga by it. */
  readonly requestName?: string;
}

const STORED = stored<
  Omit<ProvisionBotInput, 'userId' | 'firebaseUid' | 'instanceId'> & {
    userId: string;
    firebaseUid: string;
    instanceId: string;
  }
>(
  'input of a provision',
  Type.Object({
    userId: Type.String(),
    firebaseUid: Type.String(),
    instanceId: Type.String(),
    botName: Type.String(),
    allocatedAmount: Type.Number(),
    amountMinor: Type.Integer({ minimum: 1 }),
    image: Type.Union([Type.String(), Type.Null()]),
    startTimeoutMs: Type.Number(),
    undoTimeoutMs: Type.Number(),
    requestName: Type.Optional(Type.String()),
  }),
);

export function writeInput(input: ProvisionBotInput): Json {
  return STORED.write(input);
}

export function readInput(json: Json): ProvisionBotInput {
  const { userId, firebaseUid, instanceId, ...rest } = STORED.read(json);
  return {
    userId: toUserId(userId),
    firebaseUid: toFirebaseUid(firebaseUid),
    instanceId: toInstanceId(instanceId),
    ...rest,
  };
}
