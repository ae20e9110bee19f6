// The doubles in memory keep the promises of their ports.

import { describeOrphanSamples } from '../contracts/orphan-samples.ts';
import { describePoolStates } from '../contracts/pool-states.ts';
import { describeRunDrifts } from '../contracts/run-drifts.ts';
import { describeSuspects } from '../contracts/suspects.ts';
import { describeTombstones } from '../contracts/tombstones.ts';
import { createMemoryOrphanSamples } from '../fakes/orphan-samples.ts';
import { poolStatesOver } from '../fakes/pool-states.ts';
import { createMemoryRunDrifts } from '../fakes/run-drifts.ts';
import { createMemorySuspects } from '../fakes/suspects.ts';
import { createMemoryTombstones } from '../fakes/tombstones.ts';

/** A clock that a test lets go on, or back. */
function createClock() {
  let passedMs = 0;
  return {
    nowMs: () => Date.now() + passedMs,
    pass: async (ms: number) => {
      passedMs += ms;
    },
  };
}

describeSuspects('suspects in memory', async () => {
  const { nowMs, pass } = createClock();
  return { suspects: createMemorySuspects(nowMs), pass };
});

describeTombstones('tombstones in memory', async () => {
  const { nowMs, pass } = createClock();
  return { tombstones: createMemoryTombstones(nowMs), pass };
});

describeOrphanSamples('samples in memory', async () => createMemoryOrphanSamples());

describeRunDrifts('drifts in memory', async () => createMemoryRunDrifts());

describePoolStates('pool states in memory', async (state) => {
  const store = { pools: state };
  return {
    open: () => poolStatesOver(store),
    stored: async () => store.pools,
    overwrite: async (written) => {
      store.pools = written;
    },
    writes: () => null,
    spoilers: {},
    oddRows: {},
  };
});
