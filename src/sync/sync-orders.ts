// The orders of synchronisations of one user.

import type { SagaId, SagaOrder, SagaRecord, Sagas } from '@reclaim/saga';
import type { UserToSync } from './first-observation.ts';
import { SYNC_WALLET, type SyncWalletInput, syncWalletKey } from './sync-wallet-input.ts';

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

export interface ConfirmingOrder {
  /** The passive run, or the run over all users, that has found something. */
  readonly foundBy: SagaId;
  readonly nowMs: number;
  readonly delayMs: number;
}

/** Begins the run that observes again: one of a user for each run that has found something, however often it is begun
 * (I8), or the one that is on its way. */
export async function startConfirmingRun(
  sagas: Pick<Sagas, 'start' | 'childId'>,
  user: UserToSync,
  { foundBy, nowMs, delayMs }: ConfirmingOrder,
): Promise<SagaRecord> {
  const notBeforeMs = nowMs + delayMs;
  const input = { ...user, trigger: 'confirming', after: null, notBeforeMs } as const;
  const id = sagas.childId(SYNC_WALLET, foundBy, syncWalletKey(input));
  return (await sagas.start({ ...syncOrder(input, `run:${foundBy}`), id })).saga;
}
