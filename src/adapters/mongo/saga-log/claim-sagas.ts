// Claims: the epoch goes up and a new random owner is written, if no lease is live by the database's own
// clock ($$NOW). I5: from here on no write of an older epoch matches.

import type { mongo } from 'mongoose';
import type { SagaId } from '../../../domain/ids.ts';
import type { Claim, ClaimRequest, ClaimResult } from '../../../saga/ports/saga-log.ts';
import { isAtRest } from '../../../saga/state.ts';
import { runRepeatable } from '../mongo-errors.ts';
import { type LogContext, MAJORITY, OPERATION_TIMEOUT_MS } from './log-context.ts';
import { HISTORY_LIMIT, type SagaDocument, toRecord } from './saga-document.ts';

export interface ClaimOrder extends ClaimRequest {
  readonly sagaId: SagaId;
}

const CLAIMABLE_PHASES = ['queued', 'running', 'compensating'];

export async function claimSagas(
  { sagas }: LogContext,
  orders: ClaimOrder[],
): Promise<ClaimResult[]> {
  return runRepeatable(async () => {
    await sagas.bulkWrite(orders.map(toUpdate), {
      ordered: false,
      writeConcern: MAJORITY,
      timeoutMS: OPERATION_TIMEOUT_MS,
    });
    const found = await sagas
      .find(
        { _id: { $in: orders.map(({ sagaId }) => sagaId) } },
        { timeoutMS: OPERATION_TIMEOUT_MS },
      )
      .toArray();
    const byId = new Map(found.map((document) => [document._id, document]));
    return orders.map((order) => toResult(order, byId.get(order.sagaId)));
  });
}

export async function renewLeases(
  { sagas }: LogContext,
  claims: readonly Claim[],
  leaseMs: number,
): Promise<void> {
  await runRepeatable(() =>
    sagas.updateMany(
      {
        _id: { $in: claims.map(({ sagaId }) => sagaId) },
        owner: { $in: claims.map(({ owner }) => owner) },
        // A lease that was given back meanwhile stays given back.
        leaseUntil: { $ne: null },
      },
      [{ $set: { leaseUntil: leaseEnd(leaseMs) } }],
      { timeoutMS: OPERATION_TIMEOUT_MS },
    ),
  );
}

export async function releaseClaim(
  { sagas }: LogContext,
  { sagaId, epoch, owner }: Claim,
): Promise<void> {
  await runRepeatable(() =>
    sagas.updateOne(
      { _id: sagaId, epoch, owner },
      { $set: { leaseUntil: null } },
      { timeoutMS: OPERATION_TIMEOUT_MS },
    ),
  );
}

function toUpdate(order: ClaimOrder): mongo.AnyBulkWriteOperation<SagaDocument> {
  const { sagaId, owner, leaseMs, runnable } = order;
  const entry = {
    at: '$$NOW',
    epoch: { $add: ['$epoch', 1] },
    type: 'claimed',
    step: null,
    detail: null,
    writeId: owner,
  };
  return {
    updateOne: {
      filter: {
        _id: sagaId,
        'state.phase': { $in: CLAIMABLE_PHASES },
        pinned: { $in: [...runnable] },
        // A claim that was sent twice because its answer was lost must not raise the epoch twice.
        owner: { $ne: owner },
        $expr: { $and: [IS_FREE, IS_DUE] },
      },
      update: [
        {
          $set: {
            epoch: { $add: ['$epoch', 1] },
            owner,
            leaseUntil: leaseEnd(leaseMs),
            revision: { $add: ['$revision', 1] },
            history: { $slice: [{ $concatArrays: ['$history', [entry]] }, -HISTORY_LIMIT] },
          },
        },
      ],
    },
  };
}

const IS_FREE = { $lte: [{ $ifNull: ['$leaseUntil', new Date(0)] }, '$$NOW'] };
const IS_DUE = { $lte: ['$dueAt', '$$NOW'] };

function leaseEnd(leaseMs: number) {
  return { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: leaseMs } };
}

function toResult(order: ClaimOrder, document: SagaDocument | undefined): ClaimResult {
  if (document === undefined) return { status: 'at-rest', saga: null };
  const saga = toRecord(document);
  if (document.owner === order.owner) return { status: 'claimed', saga };
  if (isAtRest(saga.state.phase)) return { status: 'at-rest', saga };
  if (!order.runnable.includes(document.pinned)) return { status: 'no-such-version' };
  const dueMs = document.dueAt.getTime();
  const leaseMs = document.leaseUntil?.getTime() ?? 0;
  return leaseMs >= dueMs
    ? { status: 'busy', retryAtMs: leaseMs }
    : { status: 'not-due', retryAtMs: dueMs };
}
