// A user's bots in every kind of drift, for the crashes of a synchronisation: one that lives, an orphan that its pool
// still lists, one that the pool state has lost, and an entry of a bot that is nowhere.

import type { Document } from 'mongodb';
import { Registry } from 'prom-client';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import type { Sagas } from '../../../packages/saga/src/sagas.ts';
import type { Wire } from '../../../packages/saga/src/testing/index.ts';
import { createMongoHostRecords } from '../../../src/bots/hosts/mongo-host-records.ts';
import { botKey } from '../../../src/deletion/bot-key.ts';
import { RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import { toInstanceId, type UserId } from '../../../src/domain/ids.ts';
import { createHosts } from '../../../src/main/compose/hosts.ts';
import {
  createReconciliation,
  type ReconciliationServices,
} from '../../../src/main/compose/sync.ts';
import type { PoolState } from '../../../src/pool-state/pool-state.ts';
import type { SyncAllPorts } from '../../../src/sync/sync-ports.ts';
import { poolStateOf } from '../deletions.ts';
import { allocation } from '../users.ts';
import { type BotWorld, createBotWorld, differences, type Outside } from './bot-world.ts';
import { type Children, createChildren } from './children.ts';
import type { CrashServices } from './crash-services.ts';

export interface SyncWorld {
  readonly world: BotWorld;
  readonly bots: Readonly<Record<keyof typeof NUMBERS, string>>;
  readonly children: Children;
  readonly before: Outside;
  /** The ports of one process, with a point around every call that changes something.
   * @param sagas where the runs that they begin go. */
  ports(wire: Wire, process: number, sagas: Sagas): SyncAllPorts;
  /** The reclaimings of this bot, whoever began them. */
  reclaimings(bot: string): Promise<readonly SagaRecord[]>;
  /** What the run has left of itself beside the log. */
  traces(runId: SagaId): Promise<RunTraces>;
}

export interface RunTraces {
  readonly samples: readonly Document[];
  readonly suspects: readonly string[];
}

const NUMBERS = { live: 1, orphan: 2, lost: 3, stale: 4 } as const;

let placed = 0;

export async function createSyncWorld(services: CrashServices): Promise<SyncWorld> {
  placed += 1;
  const uid = `uid-s${placed}`;
  const botOf = (kind: keyof typeof NUMBERS) => `${uid}-bot-${NUMBERS[kind]}`;
  const bots = {
    live: botOf('live'),
    orphan: botOf('orphan'),
    lost: botOf('lost'),
    stale: botOf('stale'),
  };
  const containerName = `freqtrade-pool-${uid}-pool-1`;
  const world = await createBotWorld(services, uid, {
    balance: 50,
    allocations: {
      [bots.live]: allocation(200, 210),
      [bots.orphan]: allocation(100, 110),
      [bots.lost]: allocation(300, 310),
    },
    poolState: drifted(poolStateOf(uid), bots),
    poolContainer: containerName,
  });
  for (const instanceId of [bots.live, bots.lost]) {
    await world.simulated.addPooled({ instanceId, containerName });
  }
  const children = createChildren(
    services,
    (running) => reconciliationOf(services, world, NO_POINTS, 0, running).definitions,
  );
  return {
    world,
    bots,
    children,
    before: await world.read(),
    ports: (wire, process, sagas) =>
      withPoints(wire, reconciliationOf(services, world, wire, process, () => sagas).ports),
    reclaimings: (bot) => reclaimingsOf(services, world.userId, bot),
    traces: (runId) => tracesOf(services, world.userId, runId),
  };
}

const NO_POINTS: Wire = (_, service) => service;

/** Room for four: the third has lost its entry, the fourth has nothing else. */
function drifted(state: PoolState, { lost, stale }: SyncWorld['bots']): PoolState {
  const { [lost]: given, ...mapped } = state.botMapping;
  if (given === undefined) throw new RangeError('no such bot');
  const entry = { ...given, instanceId: stale, slotIndex: 3, port: 9003 };
  const pools = Object.entries(state.pools).map(([id, pool]) => {
    const listed = pool.bots.map((bot) => (bot === lost ? stale : bot));
    return [id, { ...pool, capacity: 4, bots: listed }] as const;
  });
  return {
    ...state,
    pools: Object.fromEntries(pools),
    botMapping: { ...mapped, [stale]: entry },
  };
}

function reconciliationOf(
  { processes }: CrashServices,
  world: BotWorld,
  wire: Wire,
  process: number,
  sagas: () => Sagas,
): ReconciliationServices {
  const own = processes[process];
  if (own === undefined) throw new RangeError('no process');
  const { config, db, accounts } = own;
  const deletionPorts = world.ports(wire, process);
  const hostRecords = createMongoHostRecords(db);
  const hosts = createHosts({ ...deletionPorts, hostRecords, accounts, isOwnWorld: false });
  const metrics = new Registry();
  return createReconciliation({
    ...{ config, db, metrics, deletionPorts, hosts, accounts, sagas },
  });
}

function withPoints(wire: Wire, ports: SyncAllPorts): SyncAllPorts {
  return {
    ...ports,
    suspects: wire('suspects', ports.suspects, ['mark', 'clear', 'clearUnobserved']),
    samples: wire('samples', ports.samples, ['write']),
    hostRecords: wire('hostRecords', ports.hostRecords, ['recordObserved', 'noteListing']),
    runDrifts: wire('runDrifts', ports.runDrifts, ['add', 'assign']),
    sagas: wire('sagas', ports.sagas, ['start']),
  };
}

/** More than any run has begun. */
const HISTORY = 20;

async function reclaimingsOf({ logs: [log] }: CrashServices, userId: UserId, bot: string) {
  const found = await log.findByKey(botKey({ userId, instanceId: toInstanceId(bot) }), HISTORY);
  return found.filter(({ kind }) => kind === RECLAIM_ORPHAN);
}

async function tracesOf({ db }: CrashServices, userId: UserId, runId: SagaId): Promise<RunTraces> {
  const [samples, suspects] = await Promise.all([
    db.collection('orphanSamples').find({ 'meta.userId': userId, runId }).toArray(),
    db.collection('suspects').find({ userId }).sort({ _id: 1 }).toArray(),
  ]);
  return { samples, suspects: suspects.map(({ instanceId }) => instanceId) };
}

/** Of a user whose drift has been repaired: the orphan was paid once, by one saga, and the entries are what Docker shows. */
export async function notRepaired({ world, bots, before, reclaimings }: SyncWorld) {
  const observed = await world.read();
  const { user, ledger, tombstones, pools } = observed;
  const { [bots.orphan]: _, ...others } = before.user.botAllocations;
  const reclaimed = await reclaimings(bots.orphan);
  return differences(
    {
      allocations: user.botAllocations,
      balance: user.paperWallet.balance,
      rows: user.walletTransactions.length,
      entries: ledger.map(({ amountMinor }) => Number(amountMinor)),
      tombstones: tombstones.map(({ status }) => status),
      listed: Object.values(pools.pools).map((pool) => pool.bots.toSorted()),
      mapped: Object.entries(pools.botMapping).map(([id, { port }]) => [id, port]),
      bots: observed.bots,
      reclaimings: reclaimed.map(({ state }) => state.phase),
    },
    {
      allocations: others,
      balance: before.user.paperWallet.balance + 110,
      rows: before.user.walletTransactions.length + 1,
      entries: [11_000],
      tombstones: ['ended'],
      listed: [[bots.live, bots.lost]],
      mapped: [
        [bots.live, 9000],
        [bots.lost, 9002],
      ],
      bots: before.bots,
      reclaimings: ['completed'],
    },
  );
}
