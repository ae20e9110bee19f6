// Synchronisations of users whose sources have drifted apart, the reclaimings that they begin, restarts and deletions of
// the same bots, in one world of faults: each orphan's money is paid back once, a bot that stands there is never touched,
// and a run in calm weather that comes after another one finds nothing to do.

import { describe, expect, it } from 'vitest';
import { simulate } from '../../packages/saga/src/testing/index.ts';
import { countOf, FIRST, runSeeds, SEEDS_TIMEOUT_MS } from '../support/simulation/run-seeds.ts';
import { useVirtualTime } from '../support/simulation/use-virtual-time.ts';
import { brokenOfUsers, sightsOfUsers } from '../support/simulation/user-oracle.ts';
import { userSimulationOf } from '../support/simulation/user-simulation.ts';

const NAME = 'synchronisations beside deletions and restarts';
const USUAL = 200;

describe(`${NAME} in one world of faults`, () => {
  it(
    `${countOf(USUAL)} seeds from ${FIRST}: orphans are paid once, bots that stand there stay, entries are right`,
    (test) =>
      runSeeds(test, {
        ...{ name: NAME, simulation: userSimulationOf(), usual: USUAL, signs: SIGNS },
        ...{ brokenOf: brokenOfUsers, sightsOf: sightsOfUsers },
      }),
    SEEDS_TIMEOUT_MS,
  );

  it('one seed, twice: the same trace', async () => {
    const time = useVirtualTime();
    const traceOf = async () => (await simulate(FIRST, time, userSimulationOf())).trace;
    expect(await traceOf()).toEqual(await traceOf());
  });
});

const SIGNS: ReadonlySet<string> = new Set([
  'explicit completed',
  'passive completed',
  'confirming completed',
  'sync-wallet taken over',
  'reclaim-orphan completed',
  'reclaim-orphan compensated',
  'reclaim-orphan taken over',
  'delete-bot completed',
  'delete-bot compensated',
  'restart-bot completed',
  // Taken over by a DELETE.
  'restart-bot cancelled',
  'restart-bot taken over',
  'restarted',
  'a DELETE is accepted',
  'a DELETE is existing',
  'orphan repaired',
  'orphan suspected',
  'orphan open-saga',
  'orphan settled',
  'orphan unknown',
  'orphan resolved',
  'an orphan that was none',
  'lost-entry repaired',
  'lost-entry pool-full',
  'lost-entry port-taken',
  'stale-entry repaired',
  'stale-entry resolved',
  'ghost reported',
  'ghost repaired',
  'resurrected',
  'fenced',
  'stuck',
  'in-doubt',
  'arrived late',
  'marked again',
  'several users',
  'forgotten by a failover',
  'cut off from the majority',
  'sync-wallet begun where it was accepted',
  'reclaim-orphan begun where it was accepted',
  'taken over from where it was accepted',
]);
