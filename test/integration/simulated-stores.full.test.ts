// The simulation's stores in memory keep the promises of those in MongoDB.

import { describeOrphanSamples } from '../contracts/orphan-samples.ts';
import { describeRunDrifts } from '../contracts/run-drifts.ts';
import { describeSuspects } from '../contracts/suspects.ts';
import {
  createMemoryOrphanSamples,
  createMemoryRunDrifts,
  createMemorySuspects,
} from '../support/simulation/sync-stores.ts';

describeSuspects('suspects of the simulation', () => {
  let passedMs = 0;
  return {
    suspects: createMemorySuspects(() => Date.now() + passedMs),
    pass: async (ms) => {
      passedMs += ms;
    },
  };
});

describeOrphanSamples('samples of the simulation', async () => createMemoryOrphanSamples());

describeRunDrifts('drifts of the simulation', () => createMemoryRunDrifts());
