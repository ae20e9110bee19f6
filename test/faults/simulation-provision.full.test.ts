// Provisions, deletions and reclaimings of several users in one world of faults: one pool state, and mostly one pool, so
// that what one bot gives back another one may get. Money is conserved, no slot or port is given twice, and no allocation
// is left without a bot.

import { mixedSimulationOf, sightsOfBots } from '../support/simulation/bot-simulation.ts';
import { brokenOf } from '../support/simulation/oracle.ts';
import { describeSimulation } from '../support/simulation/run-seeds.ts';

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
  'locked again',
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

describeSimulation({
  name: 'provisions beside deletions',
  promise: 'each bot with its money and a place of its own, or neither',
  simulation: mixedSimulationOf(),
  brokenOf,
  sightsOf: sightsOfBots,
  usual: 500,
  signs: SIGNS,
});
