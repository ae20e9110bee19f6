// What a synchronisation keeps beside the three sources, in memory, with the promises of the stores in MongoDB (the
// contract suites are run on both).

import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import type { InstanceId, UserId } from '../../../src/domain/ids.ts';
import { isMoney } from '../../../src/domain/money.ts';
import type { OrphanSample, OrphanSamples } from '../../../src/sync/mongodb/orphan-samples.ts';
import type { DriftedUser, RunDrift, RunDrifts } from '../../../src/sync/mongodb/run-drifts.ts';
import type { NewSuspect, Suspect, Suspects } from '../../../src/sync/mongodb/suspects.ts';

export function createMemorySuspects(nowMs: () => number): Suspects {
  const suspects = new Map<string, Suspect>();
  const of = (userId: UserId | null) =>
    [...suspects.values()].filter((one) => userId === null || one.userId === userId);

  function mark({ incarnationId, ...found }: NewSuspect): void {
    const key = keyOf(found.userId, found.instanceId);
    const known = suspects.get(key);
    const knownAs = known?.incarnationId ?? null;
    const isSame = incarnationId === null || knownAs === null || knownAs === incarnationId;
    const now = new Date(nowMs()).toISOString();
    suspects.set(key, {
      ...found,
      incarnationId: incarnationId ?? knownAs,
      firstObservedAt: known !== undefined && isSame ? known.firstObservedAt : now,
      lastObservedAt: now,
    });
  }

  return {
    mark: async (found, fence) => {
      if (found.length === 0) return;
      await fence();
      found.forEach(mark);
    },
    ofUser: async (userId) =>
      of(userId).toSorted((one, other) => (one.firstObservedAt < other.firstObservedAt ? -1 : 1)),
    clear: async (userId, instanceIds, fence) => {
      await fence();
      for (const instanceId of instanceIds) suspects.delete(keyOf(userId, instanceId));
    },
    clearUnobserved: async ({ id, beganAt }, fence) => {
      await fence();
      for (const [key, { runId, lastObservedAt }] of suspects) {
        if (runId !== id && Date.parse(lastObservedAt) < beganAt.getTime()) suspects.delete(key);
      }
    },
    summary: async (userId) => {
      const found = of(userId);
      const oldestMs = Math.min(...found.map((one) => Date.parse(one.firstObservedAt)));
      return {
        count: found.length,
        valueMinor: centsOf(found.map(({ value }) => value)),
        oldestSeconds:
          found.length === 0 ? 0 : Math.max(0, Math.floor((nowMs() - oldestMs) / 1_000)),
      };
    },
  };
}

function keyOf(userId: UserId, instanceId: InstanceId): string {
  return `${userId}/${instanceId}`;
}

/** Summed as they are, then rounded half to even, as the database does it. */
function centsOf(values: readonly (number | null)[]): number {
  const micros = values.filter(isMoney).reduce((sum, value) => sum + Math.round(value * 1e6), 0);
  const cents = Math.floor(micros / 1e4);
  const rest = micros - cents * 1e4;
  const isUp = rest > 5_000 || (rest === 5_000 && cents % 2 === 1);
  return isUp ? cents + 1 : cents;
}

export function createMemoryOrphanSamples(): OrphanSamples {
  const samples = new Map<string, OrphanSample>();
  return {
    write: async (sample) => {
      const key = `${sample.userId}/${sample.runId}`;
      if (!samples.has(key)) samples.set(key, sample);
    },
    history: async ({ userId, since, limit }) =>
      [...samples.values()]
        .filter((sample) => sample.userId === userId && Date.parse(sample.at) >= since.getTime())
        .toSorted((one, other) => (one.at > other.at ? -1 : 1))
        .slice(0, limit),
  };
}

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
