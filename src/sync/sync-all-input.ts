// What a run over all users gets, and which runs are one: of each kind one at a time.

import type { LeaderLeases, SagaOrder, SagaRecord, Sagas, StoredOf } from '@reclaim/saga';
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

export type StartSyncAll = (input: SyncAllInput, requestedBy: string) => Promise<SagaRecord>;

/** Begins a run over all users, or gives the open one of its kind. */
export function createSyncAllStarter(sagas: Pick<Sagas, 'start'>): StartSyncAll {
  return async (input, requestedBy) => (await sagas.start(syncAllOrder(input, requestedBy))).saga;
}

/** The clock's job, and its scheduler. Not the name of a kind of saga: a wake-up carries its saga's kind as its
 * name, and must never be taken for a tick. */
export const SYNC_TICK = 'sync-all-by-clock';

/** Processes that start within this time are one start of the system. */
const ONE_START_MS = 60_000;

export async function syncAfterStart(
  leaderLeases: LeaderLeases,
  startPassive: (requestedBy: string) => Promise<void>,
): Promise<void> {
  if (!(await leaderLeases.hold('sync-after-start', ONE_START_MS))) return;
  await startPassive('system:start');
}

/** What no request starts: a run by the clock, or after a start of the system. */
export const PASSIVE: SyncAllInput = { trigger: 'passive', dryRun: false, force: false };
