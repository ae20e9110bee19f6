// The wiring of what administrators may read beside the jobs.

import type { SagaLog, Sagas } from '@reclaim/saga';
import type { Connection } from 'mongoose';
import { type AdminReads, createAdminReads } from '../../operations/admin-reads.ts';
import type { SyncAllPorts } from '../../sync/sync-ports.ts';
import { countUnfinished } from '../../tombstones/tombstones-unfinished.ts';
import type { Ledger } from '../../wallet/ledger.ts';
import type { BotRuntime } from './bots.ts';

export interface OperationsOptions {
  readonly connection: Connection;
  readonly sagaLog: SagaLog;
  readonly sagas: Sagas;
  readonly runtime: BotRuntime;
  readonly syncPorts: SyncAllPorts;
  readonly ledger: Ledger;
  readonly now: () => Date;
}

export function createOperations(options: OperationsOptions): AdminReads {
  const { connection, sagaLog, sagas, runtime, syncPorts, ledger, now } = options;
  return createAdminReads({
    ...syncPorts,
    ledger,
    log: sagaLog,
    atRisk: (saga) => sagas.atRisk(saga),
    countTombstones: () => countUnfinished(connection),
    lastAnswers: () => runtime.bots.hostStates(),
    now,
  });
}
