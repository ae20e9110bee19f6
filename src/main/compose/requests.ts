// The wiring of what callers request: deletions, provisions, syncs, the reads of a portfolio and the words of
// administrators. Each begins sagas or reads; none of them waits for a worker.

import type { Clock, Sagas } from '@reclaim/saga';
import type { Db } from 'mongodb';
import { createConfirmHost } from '../../bots/hosts/confirm-host.ts';
import type { UnlistedHosts } from '../../bots/hosts/unlisted-hosts.ts';
import type { KnownContainers } from '../../bots/mongo-known-containers.ts';
import { createDeleteRequests } from '../../deletion/delete-requests.ts';
import { createResolveFindings } from '../../deletion/resolve-findings.ts';
import type { DeletionPorts } from '../../deletion/steps/step-ports.ts';
import { createMongoBotNumbers } from '../../provisioning/mongo-bot-numbers.ts';
import { createMongoRequestKeys } from '../../provisioning/mongo-request-keys.ts';
import { createProvisionRequests } from '../../provisioning/provision-requests.ts';
import { createFirstReport } from '../../sync/first-report.ts';
import { createPortfolio } from '../../sync/portfolio.ts';
import { createSyncAllStarter } from '../../sync/sync-all-input.ts';
import type { SyncAllPorts } from '../../sync/sync-ports.ts';
import { createSyncRequests } from '../../sync/sync-requests.ts';
import { createMongoAuditCheckpoints } from '../../wallet/audit/mongodb/audit-checkpoints.ts';
import { createMongoAuditLedger } from '../../wallet/audit/mongodb/audit-ledger.ts';
import { createTakeIn } from '../../wallet/audit/take-in.ts';
import type { Accounts } from '../../wallet/mongodb/accounts.ts';
import { platformEntry } from '../../wallet/mongodb/platform-documents.ts';
import { createMongoWalletReadings } from '../../wallet/mongodb/wallet-readings.ts';
import { type Config, provisionsBots } from '../config.ts';
import type { BotRuntime } from './bots.ts';

export interface RequestsOptions {
  readonly config: Config;
  readonly db: Db;
  readonly clock: Clock;
  readonly runtime: BotRuntime;
  readonly deletionPorts: DeletionPorts;
  readonly syncPorts: SyncAllPorts;
  readonly knownContainers: KnownContainers;
  readonly unlistedHosts: UnlistedHosts;
  readonly accounts: Accounts;
  readonly sagas: Sagas;
  readonly isBesidePlatform: boolean;
}

export function createRequests(options: RequestsOptions) {
  const { config, db, clock, runtime, deletionPorts, syncPorts, accounts, sagas } = options;
  const startSyncAll = createSyncAllStarter(sagas);
  const takeIn = createTakeIn({
    readings: createMongoWalletReadings(db),
    ledger: createMongoAuditLedger(db),
    checkpoints: createMongoAuditCheckpoints(db),
  });
  return {
    deletions: createDeleteRequests({
      ports: deletionPorts,
      sagas,
      onStopFailure: config.onStopFailure,
      stopTimeoutMs: config.stopTimeoutMs,
      maxStopSeconds: config.maxStopSeconds,
    }),
    provisions: createProvisionRequests({
      ports: deletionPorts,
      accounts,
      numbers: createMongoBotNumbers(db),
      keys: createMongoRequestKeys(db),
      sagas,
      isOffered: provisionsBots(config, options.isBesidePlatform),
      image: config.botImage ?? null,
      // A program has its startsecs before it counts as running, and may be tried again.
      startTimeoutMs: 2 * config.stopTimeoutMs,
      undoTimeoutMs: config.stopTimeoutMs,
    }),
    portfolio: createPortfolio({
      ...deletionPorts,
      ...{ accounts, sagas, hostTrust: syncPorts.hostTrust, nowMs: () => clock.nowMs() },
      takeIn: async (userId, call) => (await takeIn(userId, call)).map(platformEntry),
    }),
    syncs: createSyncRequests({ ports: syncPorts, sagas, nowMs: () => clock.nowMs() }),
    startSyncAll,
    firstReport: createFirstReport({
      findings: deletionPorts.findings,
      isBesidePlatform: options.isBesidePlatform,
      startSyncAll,
    }),
    resolveFindings: createResolveFindings({ ports: deletionPorts, sagas }),
    confirmHost: createConfirmHost({
      bots: runtime.bots,
      unlistedHosts: options.unlistedHosts,
      hostRecords: {
        decideGone: syncPorts.hostRecords.decideGone,
        // What was observed there is not missed any more, neither by its ids nor by its number.
        confirmEmpty: async (host, confirmation) => {
          await options.knownContainers.forgetHost(host);
          return syncPorts.hostRecords.confirmEmpty(host, confirmation);
        },
      },
    }),
  };
}
