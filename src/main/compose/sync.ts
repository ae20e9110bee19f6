// The wiring of the reconciliation: its adapters, its two sagas and the reclaiming of orphans. The engine that runs
// them is made from their definitions, so they get it as a promise of the same object.

import { redact, type Sagas } from '@reclaim/saga';
import type { Db } from 'mongodb';
import type { Registry as MetricsRegistry } from 'prom-client';
import { createReclaimOrphanSaga } from '../../deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../deletion/steps/step-ports.ts';
import { NO_USER } from '../../domain/ids.ts';
import { registerFindingGauge } from '../../findings/finding-gauge.ts';
import type { Finding } from '../../findings/findings.ts';
import { createMongoHoldings } from '../../sync/mongodb/holdings.ts';
import { createMongoOrphanSamples } from '../../sync/mongodb/orphan-samples.ts';
import { createMongoRunDrifts } from '../../sync/mongodb/run-drifts.ts';
import { createMongoSuspects } from '../../sync/mongodb/suspects.ts';
import { createAbsence } from '../../sync/observe-bot.ts';
import { createSyncAllSaga } from '../../sync/sync-all.ts';
import { createSyncMetrics, registerOrphanGauges } from '../../sync/sync-metrics.ts';
import type { SyncAllPorts } from '../../sync/sync-ports.ts';
import { createSyncWalletSaga } from '../../sync/sync-wallet.ts';
import type { Accounts } from '../../wallet/mongodb/accounts.ts';
import type { Config } from '../config.ts';
import type { HostServices } from './hosts.ts';

export interface ReconciliationOptions {
  readonly config: Config;
  readonly db: Db;
  readonly metrics: MetricsRegistry;
  readonly deletionPorts: DeletionPorts;
  readonly hosts: HostServices;
  readonly accounts: Accounts;
  /** The engine; needed only when a saga runs. */
  readonly sagas: () => Sagas;
}

export type ReconciliationServices = ReturnType<typeof createReconciliation>;

export function createReconciliation(options: ReconciliationOptions) {
  const { config, db, metrics, deletionPorts, sagas } = options;
  const suspects = createMongoSuspects(db);
  registerOrphanGauges(metrics, suspects);
  registerFindingGauge(metrics, deletionPorts.findings);
  const ports: SyncAllPorts = {
    ...deletionPorts,
    ...options.hosts,
    accounts: options.accounts,
    suspects,
    samples: createMongoOrphanSamples(db),
    holdings: createMongoHoldings({
      db,
      onUnreadable: (id) => deletionPorts.findings.report(unreadableUser(id)),
    }),
    runDrifts: createMongoRunDrifts(db),
    meter: createSyncMetrics(metrics),
    sagas: {
      start: (order) => sagas().start(order),
      find: (id) => sagas().find(id),
      childId: (kind, parent, name) => sagas().childId(kind, parent, name),
      findHolders: (keys) => sagas().findHolders(keys),
    },
    settings: {
      confirmMs: config.syncConfirmMs,
      youngMs: config.syncYoungMs,
      maxRefunds: config.syncMaxRefunds,
    },
  };
  return {
    ports,
    definitions: [
      createReclaimOrphanSaga(deletionPorts, createAbsence(ports)),
      createSyncWalletSaga(ports),
      createSyncAllSaga(ports),
    ],
  };
}

/** Such an id can name no user; the finding names it. */
function unreadableUser(id: string): Finding {
  const shown = redact(id, SHOWN_ID_CHARS);
  return {
    kind: 'constraint-violation',
    userId: NO_USER,
    instanceId: null,
    discriminator: `users/${shown}`,
    evidence: { collection: 'users', id: shown, why: 'the _id is no ObjectId' },
  };
}

const SHOWN_ID_CHARS = 100;
