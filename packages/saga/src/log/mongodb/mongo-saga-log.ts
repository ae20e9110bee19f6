// The saga log in MongoDB: one document per saga in `sagas`. What waits together goes out together, one
// queue per kind of operation, so that claims, writes and reads of a busy process cost a few round trips.

import type { Db } from 'mongodb';
import { createGroupCommit } from '../../mongodb/group-commit.ts';
import type { Clock } from '../../run/clock.ts';
import type { Claim, SagaLog } from '../saga-log.ts';
import { claimSagas, releaseClaim, renewLeases } from './claim-sagas.ts';
import { commitWrites, intervene } from './commit-writes.ts';
import { insertSagas } from './insert-sagas.ts';
import { type LogContext, MAX_BATCH } from './log-context.ts';
import { type OpenSagas, summarizeOpen } from './open-summary.ts';
import { proveClaims } from './prove-claims.ts';
import type { SagaDocument } from './saga-document.ts';
import { findByKeys, findHolders, findRevisions, findSagas, listSagas } from './saga-queries.ts';
import {
  noteReleased,
  noteRunnable,
  parkSagas,
  takeOverdue,
  takeUnreleased,
} from './sweep-sagas.ts';

const DAY_MS = 86_400_000;

export interface MongoSagaLogOptions {
  readonly db: Db;
  readonly clock: Clock;
  /** How long ended sagas are kept, in days (SAGA_RETENTION_DAYS). */
  readonly retentionDays: number;
}

export interface MongoSagaLog extends SagaLog {
  /** What is open, by kind and phase: for graphs and alerts. */
  openSummary(): Promise<readonly OpenSagas[]>;
}

export function createMongoSagaLog(options: MongoSagaLogOptions): MongoSagaLog {
  const { db, clock, retentionDays } = options;
  const sagas = db.collection<SagaDocument>('sagas', { ignoreUndefined: true });
  const context: LogContext = { sagas, clock, retentionMs: retentionDays * DAY_MS };
  const grouped = <Item, Result>(
    flush: (context: LogContext, items: Item[]) => Promise<Result[]>,
  ) =>
    createGroupCommit<Item, Result>({
      flush: (items) => flush(context, items),
      maxBatch: MAX_BATCH,
    });
  const claim = grouped(claimSagas);
  const byKey = grouped(findByKeys);
  const park = grouped(parkSagas);
  return {
    insert: grouped(insertSagas),
    claim: (sagaId, request) => claim({ sagaId, ...request }),
    commit: grouped(commitWrites),
    renew: (claims, leaseMs) => renewLeases(context, claims, leaseMs),
    release: (released: Claim) => releaseClaim(context, released),
    prove: grouped(proveClaims),
    intervene: (intervention) => intervene(context, intervention),
    find: grouped(findSagas),
    findRevisions: (ids) => findRevisions(context, ids),
    findByKey: (key, limit) => byKey({ key, limit }),
    list: (filter) => listSagas(context, filter),
    openSummary: () => summarizeOpen(context),
    findHolders: (keys) => findHolders(context, keys),
    noteRunnable: (runnable) => noteRunnable(context, runnable),
    park: (id, untilMs) => park({ id, untilMs }),
    takeOverdue: (options) => takeOverdue(context, options),
    takeUnreleased: (options) => takeUnreleased(context, options),
    noteReleased: (id) => noteReleased(context, id),
  };
}
