// What a run over all users is told, and which runs are one: of each kind one at a time.

import { type Json, type SagaOrder, stored } from '@reclaim/saga';
import { Type } from 'typebox';

export const SYNC_ALL = 'sync-all';

export interface SyncAllInput {
  /** `passive`: by the clock, or after a start. `explicit`: an administrator asked, and the run waits for its
   * repairs. */
  readonly trigger: 'explicit' | 'passive';
  /** Looks and judges, and changes nothing. */
  readonly dryRun: boolean;
  /** Goes on where a guard would stop it. */
  readonly force: boolean;
}

const STORED = stored<SyncAllInput>(
  'input of a run over all users',
  Type.Object({
    trigger: Type.Union([Type.Literal('explicit'), Type.Literal('passive')]),
    dryRun: Type.Boolean(),
    force: Type.Boolean(),
  }),
);

export const readSyncAllInput = (json: Json): SyncAllInput => STORED.read(json);

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
    input: STORED.write(input),
  };
}
