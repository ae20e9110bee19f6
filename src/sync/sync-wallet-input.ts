// What a synchronisation of one user is told, and which runs are one: calls of one kind join the run that has not
// begun to look, and nobody is told what a look found that was begun before they asked.

import { type Json, stored } from '@reclaim/saga';
import { Type } from 'typebox';
import { type FirebaseUid, toFirebaseUid, toUserId, type UserId } from '../domain/ids.ts';

export const SYNC_WALLET = 'sync-wallet';

/** `explicit`: somebody asked, and it repairs. `passive`: a page was opened; it only marks suspects. `confirming`:
 * a passive run or a run over all users left suspects; it repairs. */
export type SyncTrigger = 'explicit' | 'passive' | 'confirming';

export interface SyncWalletInput {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly trigger: SyncTrigger;
  /** The run of this kind that was on its way already; null where there was none. */
  readonly after: string | null;
  /** Not to look before this moment, database time in ms; null: at once. */
  readonly notBeforeMs: number | null;
}

const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);

const STORED = stored<{
  userId: string;
  firebaseUid: string | null;
  trigger: SyncTrigger;
  after: string | null;
  notBeforeMs: number | null;
}>(
  'input of a synchronisation',
  Type.Object({
    userId: Type.String(),
    firebaseUid: TEXT_OR_NULL,
    trigger: Type.Union([
      Type.Literal('explicit'),
      Type.Literal('passive'),
      Type.Literal('confirming'),
    ]),
    after: TEXT_OR_NULL,
    notBeforeMs: Type.Union([Type.Number(), Type.Null()]),
  }),
);

export const writeSyncWalletInput = (input: SyncWalletInput): Json => STORED.write(input);

export function readSyncWalletInput(json: Json): SyncWalletInput {
  const { userId, firebaseUid, ...rest } = STORED.read(json);
  return {
    userId: toUserId(userId),
    firebaseUid: firebaseUid === null ? null : toFirebaseUid(firebaseUid),
    ...rest,
  };
}

/** One confirming run of a user is on its way at a time; of the others one for each run that it follows. */
export function syncWalletKey({ userId, trigger, after }: SyncWalletInput): string {
  if (trigger === 'confirming') return confirmingKey(userId);
  return `sync/${userId}/${trigger}/${after ?? 'first'}`;
}

export function confirmingKey(userId: UserId): string {
  return `sync/${userId}/confirming`;
}
