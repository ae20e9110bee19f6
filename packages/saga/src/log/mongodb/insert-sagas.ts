// Accepting a saga: durable on a majority before the caller gets its answer (I7), and one open saga per key (I8): the
// partial unique index decides, not a read before the write.

import { MongoBulkWriteError } from 'mongodb';
import { inTime } from '../../mongodb/in-time.ts';
import {
  cannotHold,
  isContent,
  isDuplicateKey,
  repeatableFailure,
  runRepeatable,
  unlessDuplicate,
} from '../../mongodb/mongo-errors.ts';
import { pinnedId } from '../../registry.ts';
import type { SagaRecord } from '../record.ts';
import type { NewSaga } from '../saga-log.ts';
import { COMMITTED, type LogContext, MAJORITY } from './log-context.ts';
import { type SagaDocument, toRecord } from './saga-document.ts';

/** The relay's first read of a saga whose wake-up may have been lost. */
export const FIRST_RELAY_PASS_MS = 2_000;

type Inserted = { readonly status: 'inserted' | 'exists'; readonly saga: SagaRecord };

export async function insertSagas(context: LogContext, sagas: NewSaga[]): Promise<Inserted[]> {
  const documents = sagas.map((saga) => toDocument(saga, context.clock.nowMs()));
  try {
    await inTime(
      context.sagas.insertMany(documents, {
        ordered: false,
        writeConcern: MAJORITY,
      }),
    );
    return documents.map((document) => ({ status: 'inserted', saga: toRecord(document) }));
  } catch (error) {
    if (isContent(error)) throw cannotHold(error);
    if (!(error instanceof MongoBulkWriteError) && !isDuplicateKey(error)) {
      throw repeatableFailure(error);
    }
    if (error.hasErrorLabel('RetryableWriteError')) throw repeatableFailure(error);
    return readBack(context, documents);
  }
}

// Some keys were taken: the holder of an open key is the saga of that key. Those of the batch that were
// inserted are found by their own ids: they may have ended since.
async function readBack(context: LogContext, documents: SagaDocument[]): Promise<Inserted[]> {
  const open = { open: true, key: { $in: documents.map(({ key }) => key) } };
  const own = { _id: { $in: documents.map(({ _id }) => _id) } };
  const [holders, inserted] = await runRepeatable(() =>
    Promise.all([
      context.sagas.find(open, COMMITTED).toArray(),
      context.sagas.find(own, COMMITTED).toArray(),
    ]),
  );
  const byKey = new Map(holders.map((document) => [document.key, document]));
  const byId = new Map(inserted.map((document) => [document._id, document]));
  return Promise.all(
    documents.map(async (document): Promise<Inserted> => {
      const mine = byId.get(document._id);
      if (mine !== undefined) return { status: 'inserted', saga: toRecord(mine) };
      const holder = byKey.get(document.key);
      if (holder === undefined) return insertAlone(context, document);
      return { status: 'exists', saga: toRecord(holder) };
    }),
  );
}

/** The holder of the key ended between our insert and our read: the key is free now. */
const MAX_TRIES_ALONE = 5;

async function insertAlone(context: LogContext, document: SagaDocument): Promise<Inserted> {
  for (let tries = 0; tries < MAX_TRIES_ALONE; tries += 1) {
    const insert = () =>
      context.sagas.findOneAndUpdate(
        { key: document.key, open: true },
        { $setOnInsert: withoutFilterFields(document) },
        { upsert: true, writeConcern: MAJORITY },
      );
    const existing = await runRepeatable(() => unlessDuplicate(insert(), undefined));
    if (existing === null) return { status: 'inserted', saga: toRecord(document) };
    if (existing !== undefined) {
      const status = existing._id === document._id ? 'inserted' : 'exists';
      return { status, saga: toRecord(existing) };
    }
  }
  throw new Error(`the key ${document.key} is fought over`);
}

function withoutFilterFields({ key: _key, open: _open, ...rest }: SagaDocument) {
  return rest;
}

function toDocument(saga: NewSaga, nowMs: number): SagaDocument {
  const now = new Date(nowMs);
  return {
    _id: saga.id,
    kind: saga.kind,
    version: saga.version,
    pinned: pinnedId(saga.kind, saga.version),
    key: saga.key,
    open: true,
    subject: saga.subject,
    requestedBy: saga.requestedBy,
    parent: saga.parent,
    ...(saga.traceparent !== undefined && { traceparent: saga.traceparent }),
    input: saga.input,
    state: saga.state,
    revision: 1,
    writeId: saga.id,
    epoch: 0,
    owner: null,
    leaseUntil: null,
    // By default at once, without a moment: this clock may be ahead of the one that a claim is judged by.
    dueAt: new Date(saga.notBeforeMs ?? 0),
    relayAt: new Date(Math.max(nowMs, saga.notBeforeMs ?? 0) + FIRST_RELAY_PASS_MS),
    result: null,
    history: [],
    createdAt: now,
    finishedAt: null,
  };
}
