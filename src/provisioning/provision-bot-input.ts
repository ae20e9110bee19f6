// What a provision gets at its acceptance. Image and time limits are part of it: a saga in flight ends by
// the rules its caller was promised, whatever the configuration says later.

import { type StoredOf, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import { FIREBASE_UID, INSTANCE_ID, USER_ID } from '../domain/id-schemas.ts';

export const PROVISION_BOT_INPUT = Type.Object({
  userId: USER_ID,
  firebaseUid: FIREBASE_UID,
  instanceId: INSTANCE_ID,
  botName: Type.String(),
  /** Dollars as the caller wrote them, for display. */
  allocatedAmount: Type.Number(),
  /** The same in integer cents: what is moved. */
  amountMinor: Type.Integer({ minimum: 1 }),
  /** Of a container of its own, where no pool has room; null: there is none. */
  image: Type.Union([Type.String(), Type.Null()]),
  /** How long the bot may take to be up, counted from the first attempt to reach Docker or the pool state. */
  startTimeoutMs: Type.Number(),
  /** How much longer the way back waits for them before it leaves the rest to the tombstone. */
  undoTimeoutMs: Type.Number(),
  /** Of a request with an Idempotency-Key (`requestName`): a repeat finds the saga by it. */
  requestName: Type.Optional(Type.String()),
});
export type ProvisionBotInput = StoredOf<typeof PROVISION_BOT_INPUT>;

/** Of a provision that is looked up beside its steps. */
export const PROVISION = stored('input of a provision', PROVISION_BOT_INPUT);
