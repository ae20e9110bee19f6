// What one process of a simulation synchronises users with, one or all.

import type { SimulatedProcess } from '../../../packages/saga/src/testing/index.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { Holdings } from '../../../src/sync/mongodb/holdings.ts';
import type { RunDrifts } from '../../../src/sync/mongodb/run-drifts.ts';
import type { Suspects } from '../../../src/sync/mongodb/suspects.ts';
import type { SyncMeter } from '../../../src/sync/sync-metrics.ts';
import type { SyncAllPorts } from '../../../src/sync/sync-ports.ts';
import type { Account, Accounts } from '../../../src/wallet/accounts.ts';
import { inertPorts } from '../inert-ports.ts';
import type { Shared } from './shared.ts';
import type { MemoryRunDrifts } from './sync-stores.ts';
import type { SharedByUsers } from './user-simulation.ts';

/** SYNC_CONFIRM_SECONDS and SYNC_YOUNG_SECONDS as by default. */
const SETTINGS = { confirmMs: 2_000, youngMs: 15_000 };

export function syncPortsOver(
  shared: SharedByUsers,
  ports: DeletionPorts,
  { link, sagas }: SimulatedProcess,
): SyncAllPorts {
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
      ...inertPorts<SyncAllPorts['hostRecords']>(),
      recordObserved: () => send('host seen', () => undefined),
      noteListing: () => send('host listed', () => undefined),
    },
    suspects: suspectsOver(shared.suspects, send),
    samples: {
      ...inertPorts<SyncAllPorts['samples']>(),
      write: (sample) => send('sample', () => shared.samples.write(sample)),
    },
    holdings: holdingsOver(shared, send),
    runDrifts: runDriftsOver(shared.runDrifts, (what, effect) => link.call(LISTS, what, effect)),
    meter: SILENT,
    sagas: {
      start: (order) => sagas().start(order),
      find: (id) => sagas().find(id),
      childId: (kind, parent, name) => sagas().childId(kind, parent, name),
      findHolders: (keys) => sagas().findHolders(keys),
    },
    settings: { ...SETTINGS, maxRefunds: shared.maxRefunds },
  };
}

/** What keeps the lists of runs over all users: what was sent late has arrived by the time of the next call. The real one
 * promises less (docs/open-work.md). */
export const LISTS = 'lists';

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
    clearUnobserved: async (run, fence) => {
      await fence();
      await send('suspects clear unobserved', () => suspects.clearUnobserved(run, PASSED));
    },
    summary: (userId) => send('suspects sum', () => suspects.summary(userId)),
  };
}

function runDriftsOver(drifts: MemoryRunDrifts, send: Send): RunDrifts {
  return {
    restart: async (runId, fence) => {
      await fence();
      await send('drifts restart', () => drifts.restart(runId, PASSED));
    },
    add: async (runId, found, fence) => {
      if (found.length === 0) return;
      await fence();
      await send('drifts add', () => drifts.add(runId, found, PASSED));
    },
    byUser: async function* (runId, { signal }) {
      for (const user of await send('drifts by user', () => drifts.of(runId))) {
        signal.throwIfAborted();
        yield [user];
      }
    },
    assign: async (runId, runs, fence) => {
      if (runs.size === 0) return;
      await fence();
      await send('drifts assign', () => drifts.assign(runId, runs, PASSED));
    },
    sample: (runId, limit) => send('drifts sample', () => drifts.sample(runId, limit)),
  };
}

/** Each user is read when the one before was judged: what happens meanwhile is seen of the later ones alone. */
function holdingsOver({ places }: SharedByUsers, send: Send): Holdings {
  const users = () => Map.groupBy(places, ({ names: { userId } }) => userId);
  return {
    stream: async function* ({ signal }) {
      for (const [userId, own] of users()) {
        signal.throwIfAborted();
        const held = await send('holdings', () =>
          own.filter(({ wallet }) => wallet.allocation !== null).map(({ names }) => names),
        );
        const [first] = held;
        if (first === undefined) continue;
        const instanceIds = held.map(({ instanceId }) => instanceId);
        yield [{ userId, firebaseUid: first.firebaseUid, instanceIds }];
      }
    },
    worth: (bots) =>
      send('holdings worth', () =>
        bots.flatMap(({ userId, instanceId }) => {
          const own = places.find(
            ({ names }) => names.userId === userId && names.instanceId === instanceId,
          );
          const valueMinor = own?.wallet.allocation?.valueMinor;
          return valueMinor === undefined ? [] : [{ userId, instanceId, valueMinor }];
        }),
      ),
    usersOf: (firebaseUids) =>
      send(
        'users of',
        () =>
          new Map(
            places.flatMap(({ names: { userId, firebaseUid } }) =>
              firebaseUids.includes(firebaseUid) ? [[firebaseUid, userId] as const] : [],
            ),
          ),
      ),
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
