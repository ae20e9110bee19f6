// Runs over all users and rounds of pool health beside everything that befalls them, in one world of faults: each orphan
// is paid back once, by a run of its user, what a run over all users reports is what has happened, and a bot that runs is
// left alone.

import { brokenOfAllUsers, sightsOfAllUsers } from '../support/simulation/all-oracle.ts';
import { allUsersSimulationOf } from '../support/simulation/all-simulation.ts';
import { describeSimulation } from '../support/simulation/run-seeds.ts';

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

describeSimulation({
  name: 'runs over all users beside rounds of health',
  promise: 'each orphan is paid by a run of its user, and the reports are true',
  simulation: allUsersSimulationOf(),
  brokenOf: brokenOfAllUsers,
  sightsOf: sightsOfAllUsers,
  usual: 200,
  signs: SIGNS,
});
