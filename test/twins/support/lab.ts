// The sagas on a test's own database without API and queue: workers whose ports and definitions a twin can change one
// by one, over bots that are simulated and a pool state file of the test's own.

import type { Connection } from 'mongoose';
import { Registry } from 'prom-client';
import type { SagaDefinition } from '../../../packages/saga/src/definition.ts';
import type { SagaLog } from '../../../packages/saga/src/log/saga-log.ts';
import {
  createTestEngine,
  type TestEngine,
} from '../../../packages/saga/test/support/saga-engine.ts';
import { createTestSagaLog } from '../../../packages/saga/test/support/saga-log.ts';
import { createHostExpectations } from '../../../src/bots/hosts/host-expectations.ts';
import type { HostTrust } from '../../../src/bots/hosts/host-trust.ts';
import { createMongoKnownContainers } from '../../../src/bots/mongo-known-containers.ts';
import { rememberContainers } from '../../../src/bots/remember-containers.ts';
import { createSimulatedBots } from '../../../src/bots/simulator/simulated-bots.ts';
import { createSimulatedValuation } from '../../../src/bots/simulator/simulated-valuation.ts';
import { createSimulatedWorld } from '../../../src/bots/simulator/simulated-world.ts';
import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import { type Absence, createReclaimOrphanSaga } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { createMongoFindings } from '../../../src/findings/mongo-findings.ts';
import { createHosts, type HostServices } from '../../../src/main/compose/hosts.ts';
import { createReconciliation } from '../../../src/main/compose/sync.ts';
import { parseConfig } from '../../../src/main/config.ts';
import type { PoolState } from '../../../src/pool-state/pool-state.ts';
import { createAbsence } from '../../../src/sync/observe-bot.ts';
import { createSyncWalletSaga } from '../../../src/sync/sync-wallet.ts';
import { createMongoTombstones } from '../../../src/tombstones/mongo-tombstones.ts';
import { createMongoAccounts } from '../../../src/wallet/mongodb/accounts.ts';
import { createMongoLedger } from '../../../src/wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../../src/wallet/mongodb/wallets.ts';
import { createTestDatabase } from '../../support/database.ts';
import type { Stage } from '../../support/deletions.ts';
import { knowHosts } from '../../support/known-hosts.ts';
import { createPoolFileFolder, type PoolFileFolder } from '../../support/pool-file.ts';

export interface Lab extends Stage {
  readonly poolFile: PoolFileFolder;
  /** The mechanisms themselves. */
  readonly ports: DeletionPorts;
  /** One more worker process on the same sources. */
  worker(twist?: Twist): Promise<TestEngine>;
}

/** What a worker has instead of the mechanism itself. */
export interface Twist {
  readonly ports?: (ports: DeletionPorts) => Partial<DeletionPorts>;
  readonly hostTrust?: HostTrust;
  readonly absence?: Absence;
  readonly definition?: (definition: SagaDefinition) => SagaDefinition;
}

/** Shorter than a run waits for the saga it has begun, so that its slot comes back for that one. */
const WAIT_IN_PLACE_MS = 500;

const NO_POOLS: PoolState = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };

/** @param areHostsKnown whether the simulated host has shown bots before. */
export async function createLab(
  poolState: PoolState = NO_POOLS,
  { areHostsKnown = true }: { readonly areHostsKnown?: boolean } = {},
): Promise<Lab> {
  const connection = await createTestDatabase();
  if (areHostsKnown) await knowHosts(connection, ['simulated']);
  const { log } = await createTestSagaLog(connection);
  const poolFile = await createPoolFileFolder(poolState);
  const ports = openPorts(connection, poolFile, log);
  return {
    connection,
    poolFile,
    ports,
    poolStateFile: poolFile.file,
    world: createSimulatedWorld(connection),
    worker: async (twist = {}) => {
      const changed = { ...ports, ...twist.ports?.(ports) };
      const engine: TestEngine = await createTestEngine({
        connection,
        definitions: define(connection, changed, twist, () => engine.sagas),
        waitInPlaceMs: WAIT_IN_PLACE_MS,
      });
      return engine;
    },
  };
}

function openPorts(connection: Connection, pools: PoolFileFolder, log: SagaLog): DeletionPorts {
  const tombstones = createMongoTombstones({ connection });
  const now = () => new Date();
  const known = createMongoKnownContainers({ connection, now });
  const bots = rememberContainers(createSimulatedBots({ connection, now }), known);
  return {
    wallets: createMongoWallets({ connection }),
    ledger: createMongoLedger({ connection }),
    tombstones,
    hostExpectations: hostsOf(connection, { bots, tombstones }).hostExpectations,
    findings: createMongoFindings(connection),
    poolStates: pools.open(),
    bots,
    valuation: createSimulatedValuation(connection),
    platform: null,
    findSagas: (ids) => log.findStates(ids),
  };
}

function hostsOf(
  connection: Connection,
  { bots, tombstones }: Pick<DeletionPorts, 'bots' | 'tombstones'>,
  hostTrust?: HostTrust,
): HostServices {
  const accounts = createMongoAccounts(connection);
  const hosts = createHosts({ connection, bots, tombstones, accounts, isOwnWorld: false });
  if (hostTrust === undefined) return hosts;
  return {
    ...hosts,
    hostTrust,
    hostExpectations: createHostExpectations({ ...hosts, bots, hostTrust }),
  };
}

function define(
  connection: Connection,
  ports: DeletionPorts,
  { hostTrust, absence, definition = (same) => same }: Twist,
  sagas: () => TestEngine['sagas'],
): readonly SagaDefinition[] {
  const hosts = hostsOf(connection, ports, hostTrust);
  const config = parseConfig({ SYNC_CONFIRM_SECONDS: '0', SYNC_YOUNG_SECONDS: '0' });
  const parts = createReconciliation({
    config,
    connection,
    metrics: new Registry(),
    deletionPorts: ports,
    hosts,
    accounts: createMongoAccounts(connection),
    sagas,
  });
  return [
    createDeleteBotSaga(ports),
    createReclaimOrphanSaga(ports, absence ?? createAbsence(parts.ports)),
    createSyncWalletSaga(parts.ports),
  ].map(definition);
}
