// The runs that no request starts: one by the clock, one after each start of the system. Both are passive, and of each
// kind of run one is open at a time, so that neither overlaps with the one before.

import type { LeaderLeases, SagaRecord, Sagas } from '@reclaim/saga';
import { type SyncAllInput, syncAllOrder } from './sync-all-input.ts';

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

export const PASSIVE: SyncAllInput = { trigger: 'passive', dryRun: false, force: false };
