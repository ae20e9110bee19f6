// The orders of synchronisations of one user.

import type { SagaId, SagaOrder } from '@reclaim/saga';
import type { UserToSync } from './first-observation.ts';
import { SYNC_WALLET, type SyncWalletInput, writeSyncWalletInput } from './sync-wallet-input.ts';

/** Between the observation that found a suspect in passing and the run that decides: long enough for whatever was under
 * way then to end. */
export const SUSPECT_DELAY_MS = 60_000;

export function syncOrder(input: SyncWalletInput, requestedBy: string): SagaOrder {
  return {
    kind: SYNC_WALLET,
    subject: input.userId,
    requestedBy,
    input: writeSyncWalletInput(input),
  };
}

/** The run that observes again what a passive one, or a run over all users, has found. */
export function orderConfirmingRun(
  user: UserToSync,
  foundBy: SagaId,
  nowMs: number,
  delayMs = SUSPECT_DELAY_MS,
): SagaOrder {
  const notBeforeMs = nowMs + delayMs;
  const input = { ...user, trigger: 'confirming', after: null, notBeforeMs } as const;
  return syncOrder(input, `run:${foundBy}`);
}
