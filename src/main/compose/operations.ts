// The wiring of what operators are shown beside the log: the overview, and the world as it is now.

import type { SagaLog, Sagas } from '@reclaim/saga';
import type { Connection } from 'mongoose';
import { createWorldNow, type ReadWorld } from '../../operations/observed-state.ts';
import { createOverview, type ReadOverview } from '../../operations/overview.ts';
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

export function createOperations(options: OperationsOptions): {
  readonly overview: ReadOverview;
  readonly world: ReadWorld;
} {
  const { connection, sagaLog, sagas, runtime, syncPorts, ledger, now } = options;
  return {
    overview: createOverview({
      ...syncPorts,
      log: sagaLog,
      atRisk: (saga) => sagas.atRisk(saga),
      countTombstones: () => countUnfinished(connection),
      lastAnswers: () => runtime.docker?.hostStates() ?? [],
      now,
    }),
    world: createWorldNow({ ...syncPorts, ledger, now }),
  };
}
