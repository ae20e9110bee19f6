// Provisions, deletions and reclaimings of several users in one world of faults: one pool state, and mostly one pool, so
// that what one bot gives back another one may get. Money is conserved, no slot or port is given twice, and no allocation
// is left without a bot.

import { describe, expect, it } from 'vitest';
import { simulate } from '../../packages/saga/src/testing/index.ts';
import { mixedSimulationOf, sightsOfBots } from '../support/simulation/bot-simulation.ts';
import { brokenOf } from '../support/simulation/oracle.ts';
import { countOf, FIRST, runSeeds, SEEDS_TIMEOUT_MS } from '../support/simulation/run-seeds.ts';
import { useVirtualTime } from '../support/simulation/use-virtual-time.ts';

const NAME = 'provisions beside deletions';
const USUAL = 500;

describe(`${NAME} in one world of faults`, () => {
  it(
    `${countOf(USUAL)} seeds from ${FIRST}: each bot with its money and a place of its own, or neither`,
    (test) =>
      runSeeds(test, {
        name: NAME,
        simulation: mixedSimulationOf(),
        brokenOf,
        sightsOf: sightsOfBots,
        usual: USUAL,
        signs: SIGNS,
      }),
    SEEDS_TIMEOUT_MS,
  );

  it('one seed, twice: the same trace', async () => {
    const time = useVirtualTime();
    const traceOf = async () => (await simulate(FIRST, time, mixedSimulationOf())).trace;
    expect(await traceOf()).toEqual(await traceOf());
  });
});

const SIGNS: ReadonlySet<string> = new Set([
  'provision-bot completed',
  'provision-bot compensated',
  'provision-bot cancelled',
  'delete-bot completed',
  'reclaim-orphan completed',
  'taken over',
  'fenced',
  'stuck',
  'in-doubt',
  'aborting',
  'compensating',
  'arrived late',
  'marked again',
  'several sagas',
  'several users',
  'forgotten by a failover',
  'cut off from the majority',
  'a cancel promised',
  'NO_POOL',
  'START_TIMED_OUT',
  'a port of an earlier bot',
  'begun where it was accepted',
  'taken over from where it was accepted',
]);
