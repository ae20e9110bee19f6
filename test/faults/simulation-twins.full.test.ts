// The simulation can fail: with a bug seeded into it some seed goes red, always the same one, and without the bug that
// seed is green.

import { afterAll, describe, expect, it } from 'vitest';
import { simulate, type VirtualTime } from '../../packages/saga/src/testing/index.ts';
import { brokenOfAllUsers } from '../support/simulation/all-oracle.ts';
import { allUsersSimulationOf } from '../support/simulation/all-simulation.ts';
import { ALL_TWINS } from '../support/simulation/all-twins.ts';
import { mixedSimulationOf, simulationOf } from '../support/simulation/bot-simulation.ts';
import { brokenOf } from '../support/simulation/oracle.ts';
import type { Twin } from '../support/simulation/twin.ts';
import { MIXED_TWINS, SIMULATED_TWINS } from '../support/simulation/twins.ts';
import { useVirtualTime } from '../support/simulation/use-virtual-time.ts';
import { brokenOfUsers } from '../support/simulation/user-oracle.ts';
import { userSimulationOf } from '../support/simulation/user-simulation.ts';
import { USER_TWINS } from '../support/simulation/user-twins.ts';

/** Each must be found among so many. */
const SEEDS = 2_000;
const TIMEOUT_MS = 600_000;

const found: string[] = [];
afterAll(() => console.log(`found by seed: ${found.join('; ')}`));

describe('a simulation with a bug in it', () => {
  it.each([
    ...SIMULATED_TWINS.map((twin) => ({ ...twin, brokenIn: brokenInBots(simulationOf) })),
    ...MIXED_TWINS.map((twin) => ({ ...twin, brokenIn: brokenInBots(mixedSimulationOf) })),
    ...USER_TWINS.map((twin) => ({ ...twin, brokenIn: brokenInUsers })),
    ...ALL_TWINS.map((twin) => ({ ...twin, brokenIn: brokenInAllUsers })),
  ])(
    '$name: $breach',
    async ({ name, breach, from, twin, brokenIn }) => {
      const time = useVirtualTime();
      const isFound = async (seed: number) => {
        const broken = await brokenIn(seed, time, twin);
        return broken.some((promise) => promise.startsWith(breach));
      };
      let seed = from;
      while (!(await isFound(seed))) {
        seed += 1;
        if (seed === from + SEEDS) throw new Error(`none of ${SEEDS} seeds breaks it`);
      }
      found.push(`${name} ${seed}`);
      expect(await brokenIn(seed, time, {}), 'without the bug').toEqual([]);
    },
    TIMEOUT_MS,
  );
});

type BrokenIn = (seed: number, time: VirtualTime, twin: Twin) => Promise<readonly string[]>;

function brokenInBots(simulationWith: typeof simulationOf): BrokenIn {
  return async (seed, time, twin) => brokenOf(await simulate(seed, time, simulationWith(twin)));
}

async function brokenInUsers(...[seed, time, twin]: Parameters<BrokenIn>) {
  return brokenOfUsers(await simulate(seed, time, userSimulationOf(twin)));
}

async function brokenInAllUsers(...[seed, time, twin]: Parameters<BrokenIn>) {
  return brokenOfAllUsers(await simulate(seed, time, allUsersSimulationOf(twin)));
}
