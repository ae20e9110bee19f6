// Checks the fences of a batch inside the lock, before any of its changes (I5). All at once, because
// each is a question to the database and the lock is held meanwhile; with a limit, because one
// check without an answer would hold the lock against all others.

import { UnavailableError, withDeadline } from '@reclaim/saga';
import type { PendingMutation } from './mutation-queue.ts';

/** Those that may be applied, in their order; the others are rejected with their fence's error. */
export async function passFences(
  batch: readonly PendingMutation[],
): Promise<readonly PendingMutation[]> {
  const passed = await Promise.all(batch.map(passFence));
  return batch.filter((pending, index) => passed[index] === true && pending.isOpen());
}

async function passFence(pending: PendingMutation): Promise<boolean> {
  const { fence, signal } = pending.mutation;
  // A caller that gives up is rejected by its own signal; here it only ends the wait.
  const late = (why: string) => (why === 'aborted' ? signal.reason : tooSlow());
  if (!pending.isOpen()) return false;
  try {
    await withDeadline(fence, { ms: FENCE_LIMIT_MS, signal, late });
    return true;
  } catch (err) {
    pending.reject(err);
    return false;
  }
}

/** Several times a slow read of the database, and well below the wait for the lock. */
const FENCE_LIMIT_MS = 3_000;

function tooSlow(): UnavailableError {
  return new UnavailableError(
    'POOL_STATE_FENCE_TIMEOUT',
    `the epoch could not be checked within ${FENCE_LIMIT_MS} ms; the change is not applied`,
  );
}
