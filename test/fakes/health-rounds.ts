// One round of health at a time, in memory.

import type { HealthRounds } from '../../src/health/mongodb/health-rounds.ts';
import { inertPorts } from './inert-ports.ts';

export function createMemoryHealthRounds(nowMs: () => number): HealthRounds {
  let heldUntilMs = 0;
  let begun = 0;
  return {
    ...inertPorts<HealthRounds>(),
    begin: async (holdMs) => {
      if (nowMs() < heldUntilMs) return null;
      begun += 1;
      const own = begun;
      heldUntilMs = nowMs() + holdMs;
      return {
        end: async () => {
          if (own === begun) heldUntilMs = 0;
        },
      };
    },
  };
}
