// Synchronisations of users whose sources have drifted apart, the reclaimings that they begin, restarts and deletions of
// the same bots, in one world of faults: each orphan's money is paid back once, a bot that stands there is never touched,
// and a run in calm weather that comes after another one finds nothing to do.

import { describeSimulation } from '../support/simulation/run-seeds.ts';
import { brokenOfUsers, sightsOfUsers } from '../support/simulation/user-oracle.ts';
import { userSimulationOf } from '../support/simulation/user-simulation.ts';

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
  'locked again',
  'several users',
  'forgotten by a failover',
  'cut off from the majority',
  'sync-wallet begun where it was accepted',
  'reclaim-orphan begun where it was accepted',
  'taken over from where it was accepted',
]);

describeSimulation({
  name: 'synchronisations beside deletions and restarts',
  promise: 'orphans are paid once, bots that stand there stay, entries are right',
  simulation: userSimulationOf(),
  brokenOf: brokenOfUsers,
  sightsOf: sightsOfUsers,
  usual: 200,
  signs: SIGNS,
});
