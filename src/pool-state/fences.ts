// Asks the fences of a batch inside the lock, before any of its changes (I5). All at once, because
// each is a question to the database and the lock is held meanwhile; with a limit, because one
// question without an answer would hold the lock against everybody.

import { UnavailableError } from '@reclaim/saga';
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
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooSlow()), FENCE_LIMIT_MS);
  // A caller that gives up is rejected by its own signal; here it only ends the wait.
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (!pending.isOpen()) return false;
    await Promise.race([fence(), limit]);
    return true;
  } catch (err) {
    pending.reject(err);
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
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
