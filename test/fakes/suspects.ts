// The suspicions of runs that look, in memory (contracts/suspects.ts).

import type { InstanceId, UserId } from '../../src/domain/ids.ts';
import { isMoney } from '../../src/domain/money.ts';
import type { NewSuspect, Suspect, Suspects } from '../../src/sync/mongodb/suspects.ts';

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
