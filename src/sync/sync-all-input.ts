// What a run over all users gets, and which runs are one: of each kind one at a time.

import type { SagaOrder, StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';

export const SYNC_ALL = 'sync-all';

export const SYNC_ALL_INPUT = Type.Object({
  /** `passive`: by the clock, or after a start. `explicit`: an administrator requested it, and the run waits for its
   * repairs. */
  trigger: Type.Enum(['explicit', 'passive']),
  /** Observes and judges, and changes nothing. */
  dryRun: Type.Boolean(),
  /** Goes on where a guard would stop it. */
  force: Type.Boolean(),
});
export type SyncAllInput = StoredOf<typeof SYNC_ALL_INPUT>;

/** One run of each kind is open at a time (I8). A forced one must not be answered with one that is not. */
export function syncAllKey({ trigger, dryRun, force }: SyncAllInput): string {
  const kind = dryRun ? 'rehearsal' : trigger;
  return `sync-all/${kind}${force ? '/forced' : ''}`;
}

/** Of no user: administrators see it. */
const NO_USERS = 'all';

export function syncAllOrder(input: SyncAllInput, requestedBy: string): SagaOrder {
  return {
    kind: SYNC_ALL,
    subject: NO_USERS,
    requestedBy,
    input,
  };
}
