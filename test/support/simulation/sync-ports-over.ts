// What one process of a simulation synchronises a user with.

import type { SimulatedProcess } from '../../../packages/saga/src/testing/index.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { Suspects } from '../../../src/sync/mongodb/suspects.ts';
import type { SyncMeter } from '../../../src/sync/sync-metrics.ts';
import type { SyncPorts } from '../../../src/sync/sync-ports.ts';
import type { Account, Accounts } from '../../../src/wallet/accounts.ts';
import { inertPorts } from '../inert-ports.ts';
import type { Shared } from './shared.ts';
import type { SharedByUsers } from './user-simulation.ts';

/** SYNC_CONFIRM_SECONDS and SYNC_YOUNG_SECONDS as by default. */
const SETTINGS = { confirmMs: 2_000, youngMs: 15_000, maxRefunds: 25 };

export function syncPortsOver(
  shared: SharedByUsers,
  ports: DeletionPorts,
  { link, sagas }: SimulatedProcess,
): SyncPorts {
  const send = <T>(what: string, effect: () => T | Promise<T>) => link.call('wallet', what, effect);
  return {
    ...ports,
    // The pool's own container stands, whatever becomes of the bots in it.
    hostTrust: { judge: async () => 'trusted' },
    accounts: {
      ...inertPorts<Accounts>(),
      find: (who) => send('account', () => accountOf(shared, who)),
    },
    hostRecords: {
      ...inertPorts<SyncPorts['hostRecords']>(),
      recordObserved: () => send('host seen', () => undefined),
    },
    suspects: suspectsOver(shared.suspects, send),
    samples: {
      ...inertPorts<SyncPorts['samples']>(),
      write: (sample) => send('sample', () => shared.samples.write(sample)),
    },
    meter: SILENT,
    sagas: {
      start: (order) => sagas().start(order),
      find: (id) => sagas().find(id),
      childId: (kind, parent, name) => sagas().childId(kind, parent, name),
      findHolders: (keys) => sagas().findHolders(keys),
    },
    settings: SETTINGS,
  };
}

type Send = <T>(what: string, effect: () => T | Promise<T>) => Promise<T>;

/** The fence is asked right before what it lets pass is sent. */
function suspectsOver(suspects: Suspects, send: Send): Suspects {
  return {
    ...inertPorts<Suspects>(),
    mark: async (found, fence) => {
      await fence();
      await send('suspects mark', () => suspects.mark(found, PASSED));
    },
    clear: async (userId, ids, fence) => {
      await fence();
      await send('suspects clear', () => suspects.clear(userId, ids, PASSED));
    },
    ofUser: (userId) => send('suspects read', () => suspects.ofUser(userId)),
    summary: (userId) => send('suspects sum', () => suspects.summary(userId)),
  };
}

const PASSED = async () => undefined;

function accountOf({ places }: Shared, who: Parameters<Accounts['find']>[0]): Account | null {
  const own = places.filter(({ names }) =>
    'userId' in who ? names.userId === who.userId : names.firebaseUid === who.firebaseUid,
  );
  const [first] = own;
  if (first === undefined) return null;
  const { userId, firebaseUid } = first.names;
  return {
    userId,
    firebaseUid,
    balance: own.reduce((sum, { wallet }) => sum + wallet.balanceMinor, 0) / 100,
    currency: 'USD',
    lastUpdated: null,
    allocations: own.flatMap(({ names: { instanceId }, wallet: { allocation } }) => {
      if (allocation === null) return [];
      const { incarnationId: allocatedAt, valueMinor, lock } = allocation;
      const value = valueMinor / 100;
      const worth = { allocatedAmount: value, currentValue: value, allocatedAt };
      return [{ instanceId, botName: 'bot', ...worth, ...(lock && { lockedBy: lock }) }];
    }),
    unreadableBots: [],
  };
}

const SILENT: SyncMeter = {
  runEnded: () => undefined,
  found: () => undefined,
  repaired: () => undefined,
  skipped: () => undefined,
  guardStopped: () => undefined,
  unknownSource: () => undefined,
};
