// Accepting a saga: durable on a majority before the caller gets its answer (I7), and one open saga per key (I8): the
// partial unique index decides, not a read before the write.

import { BSON, MongoBulkWriteError } from 'mongodb';
import { inTime } from '../../mongodb/in-time.ts';
import {
  cannotHold,
  isContentOf,
  isDuplicateKey,
  repeatableFailure,
  runRepeatable,
  unlessDuplicate,
} from '../../mongodb/mongo-errors.ts';
import { pinnedId } from '../../registry.ts';
import {
  FIRST_EPOCH,
  FIRST_RELAY_PASS_MS,
  type FirstClaim,
  type InsertResult,
  type NewSaga,
} from '../saga-log.ts';
import { eventsOfClaim } from '../written-record.ts';
import { COMMITTED, type LogContext, MAJORITY } from './log-context.ts';
import { type SagaDocument, toHistory, toRecord } from './saga-document.ts';

export async function insertSagas(context: LogContext, sagas: NewSaga[]): Promise<InsertResult[]> {
  const documents = sagas.map((saga) => toDocument(saga, context.clock.nowMs()));
  if (documents.some(isFull)) throw cannotHold(NO_ROOM);
  try {
    await inTime(
      context.sagas.insertMany(documents, {
        ordered: false,
        writeConcern: MAJORITY,
      }),
    );
    return documents.map((document) => inserted(document, document));
  } catch (error) {
    if (isContentOf(documents, error)) throw cannotHold(error);
    if (!(error instanceof MongoBulkWriteError) && !isDuplicateKey(error)) {
      throw repeatableFailure(error);
    }
    if (error.hasErrorLabel('RetryableWriteError')) throw repeatableFailure(error);
    return readBack(context, documents);
  }
}

/** Of a document of 16 MB: for its history, and for why it is stuck. Without it no worker could claim it, nor say so. */
const MAX_BYTES = 15 * 2 ** 20;
const NO_ROOM = new RangeError(`the input takes more than ${MAX_BYTES} bytes`);

function isFull(document: SagaDocument): boolean {
  try {
    return BSON.calculateObjectSize(document) > MAX_BYTES;
  } catch {
    // What cannot be measured cannot be sent either.
    return false;
  }
}

// Some keys were taken: the holder of an open key is the saga of that key. Those of the batch that were
// inserted are found by their own ids: they may have ended since.
async function readBack(context: LogContext, documents: SagaDocument[]): Promise<InsertResult[]> {
  const open = { open: true, key: { $in: documents.map(({ key }) => key) } };
  const own = { _id: { $in: documents.map(({ _id }) => _id) } };
  const [holders, known] = await runRepeatable(() =>
    Promise.all([
      context.sagas.find(open, COMMITTED).toArray(),
      context.sagas.find(own, COMMITTED).toArray(),
    ]),
  );
  const byKey = new Map(holders.map((document) => [document.key, document]));
  const byId = new Map(known.map((document) => [document._id, document]));
  return Promise.all(
    documents.map(async (document): Promise<InsertResult> => {
      const mine = byId.get(document._id);
      if (mine !== undefined) return inserted(document, mine);
      const holder = byKey.get(document.key);
      if (holder === undefined) return insertAlone(context, document);
      return { status: 'exists', saga: toRecord(holder) };
    }),
  );
}

/** The holder of the key ended between our insert and our read: the key is free now. */
const MAX_TRIES_ALONE = 5;

async function insertAlone(context: LogContext, document: SagaDocument): Promise<InsertResult> {
  for (let tries = 0; tries < MAX_TRIES_ALONE; tries += 1) {
    const insert = () =>
      context.sagas.findOneAndUpdate(
        { key: document.key, open: true },
        { $setOnInsert: withoutFilterFields(document) },
        { upsert: true, writeConcern: MAJORITY },
      );
    const existing = await runRepeatable(() => unlessDuplicate(insert(), undefined));
    if (existing === null) return inserted(document, document);
    if (existing?._id === document._id) return inserted(document, existing);
    if (existing !== undefined) return { status: 'exists', saga: toRecord(existing) };
  }
  throw new Error(`the key ${document.key} is fought over`);
}

function unclaimed({ id }: NewSaga) {
  return { writeId: id, epoch: 0, owner: null, leaseUntil: null, history: [] };
}

// By this process's idea of the database's time: one that is off shortens or lengthens the first lease, which is for
// liveness only (I5).
function claimedBy(claim: FirstClaim, now: Date) {
  const { owner, leaseMs } = claim;
  const leaseUntil = new Date(now.getTime() + leaseMs);
  const history = toHistory(eventsOfClaim(claim, now.getTime()), FIRST_EPOCH, owner);
  return { writeId: owner, epoch: FIRST_EPOCH, owner, leaseUntil, leaseMs, history };
}

/** @param found under the id: what was sent, or what an earlier order under the same id has become. */
function inserted({ owner }: SagaDocument, found: SagaDocument): InsertResult {
  const result = { status: 'inserted', saga: toRecord(found) } as const;
  if (owner === null || found.owner !== owner) return result;
  return { ...result, claim: { sagaId: result.saga.id, epoch: found.epoch, owner } };
}

function withoutFilterFields({ key: _key, open: _open, ...rest }: SagaDocument) {
  return rest;
}

function toDocument(saga: NewSaga, nowMs: number): SagaDocument {
  const now = new Date(nowMs);
  const { claim } = saga;
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
    ...(claim === undefined ? unclaimed(saga) : claimedBy(claim, now)),
    // By default at once, without a moment: this clock may be ahead of the one that a claim is judged by.
    dueAt: new Date(saga.notBeforeMs ?? 0),
    relayAt: new Date(Math.max(nowMs, saga.notBeforeMs ?? 0) + FIRST_RELAY_PASS_MS),
    result: null,
    createdAt: now,
    finishedAt: null,
  };
}
