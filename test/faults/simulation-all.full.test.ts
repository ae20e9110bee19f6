// Runs over all users and rounds of pool health beside everything that befalls them, in one world of faults: each orphan
// is paid back once, by a run of its user, what a run over all users reports is what has happened, and a bot that runs is
// left alone.

import { describe, expect, it } from 'vitest';
import { simulate } from '../../packages/saga/src/testing/index.ts';
import { brokenOfAllUsers, sightsOfAllUsers } from '../support/simulation/all-oracle.ts';
import { allUsersSimulationOf } from '../support/simulation/all-simulation.ts';
import { countOf, FIRST, runSeeds, SEEDS_TIMEOUT_MS } from '../support/simulation/run-seeds.ts';
import { useVirtualTime } from '../support/simulation/use-virtual-time.ts';

const NAME = 'runs over all users beside rounds of health';
const USUAL = 200;

describe(`${NAME} in one world of faults`, () => {
  it(
    `${countOf(USUAL)} seeds from ${FIRST}: each orphan is paid by a run of its user, and the reports are true`,
    (test) =>
      runSeeds(test, {
        ...{ name: NAME, simulation: allUsersSimulationOf(), usual: USUAL, signs: SIGNS },
        ...{ brokenOf: brokenOfAllUsers, sightsOf: sightsOfAllUsers },
      }),
    SEEDS_TIMEOUT_MS,
  );

  it('one seed, twice: the same trace', async () => {
    const time = useVirtualTime();
    const traceOf = async () => (await simulate(FIRST, time, allUsersSimulationOf())).trace;
    expect(await traceOf()).toEqual(await traceOf());
  });
});

const SIGNS: ReadonlySet<string> = new Set([
  'over all users explicit completed',
  'over all users passive completed',
  'rehearsed',
  'forced',
  'stopped by no-containers',
  'stopped by too-many-refunds',
  'its runs have repaired',
  'a run of a user that drifted',
  'sync-all taken over',
  'confirming completed',
  'sync-wallet taken over',
  'reclaim-orphan completed',
  'delete-bot completed',
  'provision-bot completed',
  'provision-bot compensated',
  'restart-bot completed',
  'restarted',
  'orphan repaired',
  'lost-entry repaired',
  'stale-entry repaired',
  'resurrected',
  'begun where it was accepted',
  'fenced',
  'stuck',
  'arrived late',
  'several users',
  'forgotten by a failover',
  'cut off from the majority',
]);
