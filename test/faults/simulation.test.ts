// Thousands of sagas, each in a world of its own where everything that can go wrong does, from one seed each: the real
// definitions, runner, journal and leases over a wire that loses, delays and repeats, with clocks that are off, in
// virtual time. What became of money and bot is asked of the world. A seed that fails is printed with the command that
// shows it again.

import { sightsOfBots, simulationOf } from '../support/simulation/bot-simulation.ts';
import { brokenOf } from '../support/simulation/oracle.ts';
import { describeSimulation } from '../support/simulation/run-seeds.ts';

/** What so many seeds must have met, or the storm is a breeze. */
const SIGNS: ReadonlySet<string> = new Set([
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
  'locked again',
  'resurrected',
  'several sagas',
  'forgotten by a failover',
  'cut off from the majority',
  'a cancel promised',
  'begun where it was accepted',
  'taken over from where it was accepted',
]);

describeSimulation({
  name: 'deletions and reclaimings',
  promise: 'money moves at most once, every saga ends, and the world is as it says',
  simulation: simulationOf(),
  brokenOf,
  sightsOf: sightsOfBots,
  usual: 2_000,
  signs: SIGNS,
});
