// What a synchronisation of one user gets, and which runs are one: requests of one kind join the run that has not
// begun to observe, and no request is answered with what was observed before it was made.

import {
  type SagaId,
  type SagaOrder,
  type SagaRecord,
  type Sagas,
  type StoredOf,
  stored,
} from '@reclaim/saga';
import { Type } from 'typebox';
import { FIREBASE_UID, USER_ID } from '../domain/id-schemas.ts';
import type { UserId } from '../domain/ids.ts';
import type { BotOwner } from '../pool-state/ownership.ts';

export const SYNC_WALLET = 'sync-wallet';

/** `explicit`: it was requested, and it repairs. `passive`: a page was opened; it only records suspects. `confirming`:
 * a passive run or a run over all users left suspects; it repairs. */
const TRIGGER = Type.Enum(['explicit', 'passive', 'confirming']);
export type SyncTrigger = StoredOf<typeof TRIGGER>;

export const SYNC_WALLET_INPUT = Type.Object({
  userId: USER_ID,
  firebaseUid: Type.Union([FIREBASE_UID, Type.Null()]),
  trigger: TRIGGER,
  /** The run of this kind that was on its way already; null where there was none. */
  after: Type.Union([Type.String(), Type.Null()]),
  /** Not to observe before this moment, database time in ms; null: at once. */
  notBeforeMs: Type.Union([Type.Number(), Type.Null()]),
});
export type SyncWalletInput = StoredOf<typeof SYNC_WALLET_INPUT>;

/** Of a run that is looked up beside its steps. */
export const SYNC_RUN = stored('input of a synchronisation', SYNC_WALLET_INPUT);

/** One confirming run of a user is on its way at a time; of the others one for each run that it follows. */
export function syncWalletKey({ userId, trigger, after }: SyncWalletInput): string {
  if (trigger === 'confirming') return confirmingKey(userId);
  return `sync/${userId}/${trigger}/${after ?? 'first'}`;
}

export function confirmingKey(userId: UserId): string {
  return `sync/${userId}/confirming`;
}

/** Between the observation that found a suspect in passing and the run that decides: long enough for whatever was under
 * way then to end. */
export const SUSPECT_DELAY_MS = 60_000;

export function syncOrder(input: SyncWalletInput, requestedBy: string): SagaOrder {
  return {
    kind: SYNC_WALLET,
    subject: input.userId,
    requestedBy,
    input,
  };
}

/** Begins the run that observes again: one of a user for each run that has found something, however often it is begun
 * (I8), or the one that is on its way. */
export async function startConfirmingRun(
  sagas: Pick<Sagas, 'start' | 'childId'>,
  user: BotOwner,
  {
    foundBy,
    nowMs,
    delayMs,
  }: {
    /** The passive run, or the run over all users, that has found something. */
    readonly foundBy: SagaId;
    readonly nowMs: number;
    readonly delayMs: number;
  },
): Promise<SagaRecord> {
  const notBeforeMs = nowMs + delayMs;
  const input = { ...user, trigger: 'confirming', after: null, notBeforeMs } as const;
  const id = sagas.childId(SYNC_WALLET, foundBy, syncWalletKey(input));
  return (await sagas.start({ ...syncOrder(input, `run:${foundBy}`), id })).saga;
}
