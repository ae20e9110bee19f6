// What one process of a simulation synchronises users with, one or all.

import type { Link, SimulatedProcess } from '../../../packages/saga/src/testing/index.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { RunDrifts } from '../../../src/sync/mongodb/run-drifts.ts';
import type { SyncMeter } from '../../../src/sync/sync-metrics.ts';
import type { SyncAllPorts } from '../../../src/sync/sync-ports.ts';
import { createMemoryAccounts } from '../../fakes/accounts.ts';
import { holdingsOver } from '../../fakes/holdings.ts';
import { inertPorts } from '../../fakes/inert-ports.ts';
import { overLink } from '../../fakes/over-link.ts';
import type { MemoryRunDrifts } from '../../fakes/run-drifts.ts';
import type { SharedByUsers } from './user-simulation.ts';

/** SYNC_CONFIRM_SECONDS and SYNC_YOUNG_SECONDS as by default. */
const SETTINGS = { confirmMs: 2_000, youngMs: 15_000 };

export function syncPortsOver(
  shared: SharedByUsers,
  ports: DeletionPorts,
  { link, sagas }: Pick<SimulatedProcess, 'link' | 'sagas'>,
): SyncAllPorts {
  const { places, suspects, samples, runDrifts, maxRefunds } = shared;
  const stored = <Port extends object>(port: Port) => overLink(port, link, 'wallet');
  return {
    ...ports,
    // The pool's own container stands, whatever becomes of the bots in it.
    hostTrust: { judge: async () => 'trusted', findGone: async () => new Set() },
    accounts: stored(createMemoryAccounts(places)),
    hostRecords: stored(HOST_RECORDS),
    suspects: stored(suspects),
    samples: stored(samples),
    holdings: holdingsOver(places, link),
    runDrifts: runDriftsOver(runDrifts, link),
    meter: SILENT,
    sagas: {
      start: (order) => sagas().start(order),
      find: (id) => sagas().find(id),
      childId: (kind, parent, name) => sagas().childId(kind, parent, name),
      findHolders: (keys) => sagas().findHolders(keys),
    },
    settings: { ...SETTINGS, maxRefunds },
  };
}

/** The whole list is read at once. */
function runDriftsOver(drifts: MemoryRunDrifts, link: Link): RunDrifts {
  return {
    ...overLink(drifts, link, 'lists'),
    byUser: async function* (listId, { signal }) {
      for (const user of await link.call('lists', 'byUser', () => drifts.of(listId))) {
        signal.throwIfAborted();
        yield [user];
      }
    },
  };
}

const HOST_RECORDS: SyncAllPorts['hostRecords'] = {
  ...inertPorts<SyncAllPorts['hostRecords']>(),
  recordObserved: async () => undefined,
  find: async () => new Map(),
  noteListing: async () => undefined,
};

const SILENT: SyncMeter = {
  runEnded: () => undefined,
  found: () => undefined,
  repaired: () => undefined,
  skipped: () => undefined,
  guardStopped: () => undefined,
  unknownSource: () => undefined,
};
