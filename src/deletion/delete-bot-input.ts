// What a deletion, or the reclaiming of an orphan, gets at its acceptance. The policy is part of it: a saga in
// flight ends by the rules its caller was promised, whatever the configuration says later.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';
import { FIREBASE_UID, INSTANCE_ID, USER_ID } from '../domain/id-schemas.ts';

/** What happens when the bot cannot be stopped, or its pool entry not be written, in time. `refund`: the
 * wallet is cleaned all the same and the tombstone finishes the rest; `restore`: everything goes back;
 * `hold`: a person decides. */
const POLICY = Type.Enum(['refund', 'restore', 'hold']);
export type StopFailurePolicy = StoredOf<typeof POLICY>;

/** The incarnation that is to be paid, and no other; null for an allocation without a date. */
const ORPHAN = Type.Object({ incarnationId: Type.Union([Type.String(), Type.Null()]) });

export const DELETE_BOT_INPUT = Type.Object({
  userId: USER_ID,
  firebaseUid: Type.Union([FIREBASE_UID, Type.Null()]),
  instanceId: INSTANCE_ID,
  onStopFailure: POLICY,
  /** Counted from the first attempt to reach Docker or the pool state, captures included. */
  stopTimeoutMs: Type.Number(),
  /** The longest stop time of an owner's that is waited for; missing: none. */
  maxStopSeconds: Type.Optional(Type.Number()),
  /** Whether the wallet held the bot when the deletion was requested. Missing: the wallet was not read. */
  heldAtRequest: Type.Optional(Type.Boolean()),
  /** Set for an orphan: the one allocation that two observations found without a bot. */
  orphan: Type.Optional(ORPHAN),
});
export type DeleteBotInput = StoredOf<typeof DELETE_BOT_INPUT>;
