// Thousands of sagas, each in a world of its own where everything that can go wrong does, from one seed each: the real
// definitions, runner, journal and leases over a wire that loses, delays and repeats, with clocks that are off, in
// virtual time. What became of money and bot is asked of the world. A seed that fails is printed with the command that
// shows it again.

import { describe, expect, it } from 'vitest';
import { simulate } from '../../packages/saga/src/testing/index.ts';
import { sightsOfBots, simulationOf } from '../support/simulation/bot-simulation.ts';
import { brokenOf } from '../support/simulation/oracle.ts';
import { countOf, FIRST, runSeeds, SEEDS_TIMEOUT_MS } from '../support/simulation/run-seeds.ts';
import { useVirtualTime } from '../support/simulation/use-virtual-time.ts';

const BOTS = simulationOf();
const NAME = 'deletions and reclaimings';
const USUAL = 2_000;

describe(`${NAME} in a world of faults`, () => {
  it(
    `${countOf(USUAL)} seeds from ${FIRST}: money moves at most once, every saga ends, and the world is as it says`,
    (test) =>
      runSeeds(test, {
        name: NAME,
        simulation: BOTS,
        brokenOf,
        sightsOf: sightsOfBots,
        usual: USUAL,
        signs: HEALTH_SIGNS,
      }),
    SEEDS_TIMEOUT_MS,
  );

  it('one seed, twice: the same trace', async () => {
    const time = useVirtualTime();
    const [first, again] = [await simulate(FIRST, time, BOTS), await simulate(FIRST, time, BOTS)];
    expect(again.trace).toEqual(first.trace);
  });
});

/** What so many seeds must have met, or the storm is a breeze. */
const HEALTH_SIGNS: ReadonlySet<string> = new Set([
  'delete-bot',
  'reclaim-orphan',
  'completed',
  'compensated',
  'cancelled',
  'taken over',
  'fenced',
  'stuck',
  'in-doubt',
  'aborting',
  'compensating',
  'arrived late',
  'marked again',
  'resurrected',
  'several sagas',
  'forgotten by a failover',
  'cut off from the majority',
  'a cancel promised',
  'begun where it was accepted',
  'taken over from where it was accepted',
]);
