// The lists of runs over all users, in memory (contracts/run-drifts.ts).

import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import type { DriftedUser, RunDrift, RunDrifts } from '../../src/sync/mongodb/run-drifts.ts';

export interface MemoryRunDrifts extends RunDrifts {
  /** The whole list of a run, for who judges it. */
  of(runId: SagaId): readonly DriftedUser[];
}

export function createMemoryRunDrifts(): MemoryRunDrifts {
  interface Row {
    readonly runId: SagaId;
    readonly drift: RunDrift;
    readonly sagaId: SagaId | null;
  }
  const rows = new Map<string, Row>();
  const rowsOf = (runId: SagaId) =>
    [...rows]
      .filter(([, row]) => row.runId === runId)
      .toSorted(([one], [other]) => (one < other ? -1 : 1));

  function of(runId: SagaId): readonly DriftedUser[] {
    const byUser = Map.groupBy(rowsOf(runId), ([, { drift }]) => drift.userId);
    return [...byUser].map(([userId, own]) => {
      const drifts = own.map(([, { drift }]) => drift);
      const sagaId = own[0]?.[1].sagaId ?? null;
      return { userId, firebaseUid: drifts[0]?.firebaseUid ?? null, drifts, sagaId };
    });
  }

  return {
    of,
    restart: async (runId, fence) => {
      await fence();
      for (const [key] of rowsOf(runId)) rows.delete(key);
    },
    add: async (runId, found, fence) => {
      if (found.length === 0) return;
      await fence();
      for (const drift of found) {
        const key = `${runId}/${drift.userId}/${drift.instanceId}`;
        if (!rows.has(key)) rows.set(key, { runId, drift, sagaId: null });
      }
    },
    byUser: async function* (runId, { signal }) {
      for (const user of of(runId)) {
        signal.throwIfAborted();
        yield [user];
      }
    },
    assign: async (runId, runs, fence) => {
      if (runs.size === 0) return;
      await fence();
      for (const [key, row] of rowsOf(runId)) {
        const sagaId = runs.get(row.drift.userId);
        if (sagaId !== undefined) rows.set(key, { ...row, sagaId });
      }
    },
    sample: async (runId, limit) =>
      rowsOf(runId)
        .slice(0, limit)
        .map(([, { drift }]) => drift),
  };
}
