// Deletions on a test's own database without API and queue: workers whose ports a test can change one by one, over bots
// that are simulated and a pool state file of the test's own.

import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import { createTestEngine, type TestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { createTestSagaLog } from '../../packages/saga/test/support/saga-log.ts';
import { createMongoKnownContainers } from '../../src/bots/mongo-known-containers.ts';
import { rememberContainers } from '../../src/bots/remember-containers.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import { createSimulatedValuation } from '../../src/bots/simulator/simulated-valuation.ts';
import { createDeleteBotSaga, DELETE_BOT } from '../../src/deletion/delete-bot.ts';
import type { DeleteBotInput } from '../../src/deletion/delete-bot-input.ts';
import type { DeletionPorts } from '../../src/deletion/steps/step-ports.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { createMongoFindings } from '../../src/findings/mongo-findings.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestDatabase } from './database.ts';
import type { PlacedBot, Stage } from './deletions.ts';
import { EVERY_HOST_BELIEVED } from './known-hosts.ts';
import { createPoolFileFolder } from './pool-file.ts';
import { createSimulatedWorld } from './simulated-world.ts';

export interface Lab extends Stage {
  /** One more worker process on the same sources. @param change what it has instead of the ports themselves. */
  worker(change?: (ports: DeletionPorts) => Partial<DeletionPorts>): Promise<TestEngine>;
}

export async function createLab(): Promise<Lab> {
  const db = await createTestDatabase();
  const { log } = await createTestSagaLog(db);
  const pools = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };
  const poolFile = await createPoolFileFolder(pools);
  const now = () => new Date();
  const known = createMongoKnownContainers({ db, now });
  const ports: DeletionPorts = {
    wallets: createMongoWallets({ db }),
    ledger: createMongoLedger({ db }),
    tombstones: createMongoTombstones({ db }),
    hostExpectations: EVERY_HOST_BELIEVED,
    findings: createMongoFindings(db),
    poolStates: poolFile.open(),
    bots: rememberContainers(createSimulatedBots({ db, now }), known),
    valuation: createSimulatedValuation(db),
    platform: null,
    findSagas: (ids) => log.findRevisions(ids),
  };
  return {
    db,
    poolStateFile: poolFile.file,
    world: createSimulatedWorld(db),
    worker: (change) => {
      const definitions = [createDeleteBotSaga({ ...ports, ...change?.(ports) })];
      return createTestEngine({ db, definitions });
    },
  };
}

/** A DELETE that was accepted, run by hand as a worker would. */
export async function deleteToRest(
  engine: TestEngine,
  { uid, userId, instanceId }: PlacedBot,
  stopTimeoutMs = 30_000,
): Promise<SagaRecord> {
  const { saga } = await engine.sagas.start({
    kind: DELETE_BOT,
    subject: userId,
    requestedBy: 'a test',
    input: {
      ...{ userId, firebaseUid: toFirebaseUid(uid), instanceId: toInstanceId(instanceId) },
      ...{ onStopFailure: 'refund', stopTimeoutMs },
    } satisfies DeleteBotInput,
  });
  return engine.runToRest(saga.id);
}
