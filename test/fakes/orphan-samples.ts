// What runs have found over time, in memory (contracts/orphan-samples.ts).

import type { OrphanSample, OrphanSamples } from '../../src/sync/mongodb/orphan-samples.ts';

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
