// The lists of runs over all users, in memory (contracts/run-drifts.ts).

import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import type { DriftedUser, RunDrift, RunDrifts } from '../../src/sync/mongodb/run-drifts.ts';

export interface MemoryRunDrifts extends RunDrifts {
  /** The whole list, for who judges it. */
  of(listId: string): readonly DriftedUser[];
}

export function createMemoryRunDrifts(): MemoryRunDrifts {
  interface Row {
    readonly listId: string;
    readonly drift: RunDrift;
    readonly sagaId: SagaId | null;
  }
  const rows = new Map<string, Row>();
  const rowsOf = (listId: string) =>
    [...rows]
      .filter(([, row]) => row.listId === listId)
      .toSorted(([one], [other]) => (one < other ? -1 : 1));

  function of(listId: string): readonly DriftedUser[] {
    const byUser = Map.groupBy(rowsOf(listId), ([, { drift }]) => drift.userId);
    return [...byUser].map(([userId, own]) => {
      const drifts = own.map(([, { drift }]) => drift);
      const sagaId = own[0]?.[1].sagaId ?? null;
      return { userId, firebaseUid: drifts[0]?.firebaseUid ?? null, drifts, sagaId };
    });
  }

  return {
    of,
    add: async (listId, found, fence) => {
      if (found.length === 0) return;
      await fence();
      for (const drift of found) {
        const key = `${listId}/${drift.userId}/${drift.instanceId}`;
        if (!rows.has(key)) rows.set(key, { listId, drift, sagaId: null });
      }
    },
    byUser: async function* (listId, { signal }) {
      for (const user of of(listId)) {
        signal.throwIfAborted();
        yield [user];
      }
    },
    assign: async (listId, runs, fence) => {
      if (runs.size === 0) return;
      await fence();
      for (const [key, row] of rowsOf(listId)) {
        const sagaId = runs.get(row.drift.userId);
        if (sagaId !== undefined) rows.set(key, { ...row, sagaId });
      }
    },
    sample: async (listId, limit) =>
      rowsOf(listId)
        .slice(0, limit)
        .map(([, { drift }]) => drift),
  };
}
