// A batch of changes on one state, one after the other, and the result for each caller.

import type { PendingMutation } from './mutation-queue.ts';
import type { PoolState } from './pool-state.ts';

export interface Applied {
  /** The source itself where no change changed anything. */
  readonly state: PoolState;
  readonly changedBy: ReadonlySet<PendingMutation>;
}

/** A change that throws is its caller's failure alone. */
export function applyAll(source: PoolState, batch: readonly PendingMutation[]): Applied {
  let state = source;
  const changedBy = new Set<PendingMutation>();
  for (const pending of batch) {
    if (!pending.isOpen()) continue;
    pending.begin();
    try {
      const next = pending.mutation.change(state);
      if (next !== state) changedBy.add(pending);
      state = next;
    } catch (err) {
      pending.reject(err);
    }
  }
  return { state, changedBy };
}

export function settle(
  batch: readonly PendingMutation[],
  changedBy: ReadonlySet<PendingMutation>,
  state: PoolState,
): void {
  for (const pending of batch) {
    pending.resolve({ state, changed: changedBy.has(pending) });
  }
}
