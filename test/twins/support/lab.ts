// The sagas on a test's own database without API and queue: workers whose ports and definitions a twin can change one
// by one, over bots that are simulated and a pool state file of the test's own.

import type { Connection } from 'mongoose';
import { Registry } from 'prom-client';
import { createMongoAccounts } from '../../../src/adapters/mongo/accounts.ts';
import { createMongoFindings } from '../../../src/adapters/mongo/findings.ts';
import { createMongoLedger } from '../../../src/adapters/mongo/ledger.ts';
import { createMongoTombstones } from '../../../src/adapters/mongo/tombstones.ts';
import { createMongoWallets } from '../../../src/adapters/mongo/wallets.ts';
import { createSimulatedBots } from '../../../src/adapters/simulator/simulated-bots.ts';
import { createSimulatedWorld } from '../../../src/adapters/simulator/simulated-world.ts';
import { parseConfig } from '../../../src/config.ts';
import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import type { Absence } from '../../../src/deletion/ports/absence.ts';
import { createReclaimOrphanSaga } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { PoolState } from '../../../src/domain/pool-state.ts';
import type { HostTrust } from '../../../src/reconciliation/host-trust.ts';
import { createAbsence } from '../../../src/reconciliation/look-at-bot.ts';
import { createSyncWalletSaga } from '../../../src/reconciliation/sync-wallet.ts';
import { createReconciliation } from '../../../src/reconciliation-parts.ts';
import type { SagaDefinition } from '../../../src/saga/definition.ts';
import type { SagaLog } from '../../../src/saga/ports/saga-log.ts';
import { createTestDatabase } from '../../support/database.ts';
import type { Stage } from '../../support/deletions.ts';
import { createPoolFileFolder, type PoolFileFolder } from '../../support/pool-file.ts';
import { createTestEngine, type TestEngine } from '../../support/saga-engine.ts';
import { createTestSagaLog } from '../../support/saga-log.ts';

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

export async function createLab(poolState: PoolState = NO_POOLS): Promise<Lab> {
  const connection = await createTestDatabase();
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
  return {
    wallets: createMongoWallets({ connection }),
    ledger: createMongoLedger({ connection }),
    tombstones: createMongoTombstones({ connection }),
    findings: createMongoFindings({ connection }),
    poolStates: pools.open(),
    bots: createSimulatedBots({ connection, now: () => new Date() }),
    findSagas: (ids) => log.findStates(ids),
  };
}

function define(
  connection: Connection,
  ports: DeletionPorts,
  { hostTrust, absence, definition = (same) => same }: Twist,
  sagas: () => TestEngine['sagas'],
): readonly SagaDefinition[] {
  const config = parseConfig({ SYNC_CONFIRM_SECONDS: '0', SYNC_YOUNG_SECONDS: '0' });
  const parts = createReconciliation({
    config,
    connection,
    metrics: new Registry(),
    deletionPorts: ports,
    accounts: createMongoAccounts({ connection }),
    sagas,
  });
  const syncPorts = { ...parts.ports, ...(hostTrust !== undefined && { hostTrust }) };
  return [
    createDeleteBotSaga(ports),
    createReclaimOrphanSaga(ports, absence ?? createAbsence(syncPorts)),
    createSyncWalletSaga(syncPorts),
  ].map(definition);
}
