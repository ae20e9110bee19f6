// Claims: the epoch goes up and a new random owner is written, if no lease is live by the database's own
// clock ($$NOW). I5: from here on no write of an older epoch matches.

import type { AnyBulkWriteOperation } from 'mongodb';
import { isAtRest } from '../../machine/state.ts';
import { isOver } from '../../mongodb/holds.ts';
import { cannotHold, isContentOf, runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { SagaId } from '../../saga-id.ts';
import type { SagaRecord } from '../record.ts';
import { type Claim, type ClaimRequest, type ClaimResult, FIRST_EPOCH } from '../saga-log.ts';
import { claimedRecord, HISTORY_LIMIT } from '../written-record.ts';
import { COMMITTED, type LogContext, MAJORITY } from './log-context.ts';
import { type SagaDocument, toHistory, toRecord } from './saga-document.ts';

export interface ClaimOrder extends ClaimRequest {
  readonly sagaId: SagaId;
}

const CLAIMABLE_PHASES = ['queued', 'running', 'compensating'];

export async function claimSagas(
  context: LogContext,
  orders: ClaimOrder[],
): Promise<ClaimResult[]> {
  const { sagas } = context;
  return runRepeatable(async () => {
    const updates = orders.map(toUpdate);
    const { matchedCount } = await sagas
      .bulkWrite(updates, { ordered: false, writeConcern: MAJORITY })
      .catch((error: unknown) => {
        throw isContentOf(updates, error) ? cannotHold(error) : error;
      });
    // A beginning names the write it was made from: where all matched, what stands there is known.
    const known = new Map<ClaimOrder, ClaimResult>();
    for (const order of matchedCount === orders.length ? orders : []) {
      const saga = begun(context, order);
      if (saga !== null) known.set(order, { status: 'claimed', saga });
    }
    const asked = orders.filter((order) => !known.has(order)).map(({ sagaId }) => sagaId);
    // On a majority: a worker must not go back because of a cancel, or on because of an order, that is not.
    const found =
      asked.length === 0 ? [] : await sagas.find({ _id: { $in: asked } }, COMMITTED).toArray();
    const byId = new Map(found.map((document) => [document._id, document]));
    return orders.map((order) => known.get(order) ?? toResult(order, byId.get(order.sagaId)));
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
      [{ $set: leased(leaseMs) }],
    ),
  );
}

export async function releaseClaim(
  { sagas }: LogContext,
  { sagaId, epoch, owner }: Claim,
): Promise<number | null> {
  const released = await runRepeatable(() =>
    sagas.findOneAndUpdate(
      { _id: sagaId, epoch, owner },
      { $set: { leaseUntil: null } },
      { projection: { dueAt: 1 } },
    ),
  );
  return released?.dueAt.getTime() ?? null;
}

function toUpdate(order: ClaimOrder): AnyBulkWriteOperation<SagaDocument> {
  const { sagaId, owner, leaseMs, beginning } = order;
  const claimed = {
    at: '$$NOW',
    epoch: { $add: ['$epoch', 1] },
    type: 'claimed',
    step: null,
    detail: null,
    writeId: owner,
  };
  const begun = toHistory(beginning?.events ?? [], FIRST_EPOCH, owner);
  const entries = [claimed, ...begun.map((entry) => ({ $literal: entry }))];
  return {
    updateOne: {
      filter: {
        _id: sagaId,
        'state.phase': { $in: CLAIMABLE_PHASES },
        // A claim that was sent twice because its answer was lost must not raise the epoch twice.
        owner: { $ne: owner },
        $expr: { $and: [IS_FREE, IS_DUE] },
        ...(beginning !== undefined && { writeId: beginning.base.writeId, epoch: 0 }),
      },
      update: [
        {
          $set: {
            epoch: { $add: ['$epoch', 1] },
            owner,
            ...leased(leaseMs),
            revision: { $add: ['$revision', 1] },
            writeId: owner,
            history: { $slice: [{ $concatArrays: ['$history', entries] }, -HISTORY_LIMIT] },
            ...(beginning !== undefined && { state: { $literal: beginning.state } }),
          },
        },
      ],
    },
  };
}

/** The record of a claim whose beginning applied. */
function begun({ clock }: LogContext, order: ClaimOrder): SagaRecord | null {
  if (order.beginning === undefined) return null;
  const { base, state, events } = order.beginning;
  const claimed = claimedRecord(base, { owner: order.owner, events }, clock.nowMs());
  return { ...claimed, state, revision: base.revision + 1 };
}

const IS_FREE = isOver({ $ifNull: ['$leaseUntil', new Date(0)] }, '$leaseMs');
const IS_DUE = { $lte: ['$dueAt', '$$NOW'] };

function leased(leaseMs: number) {
  return { leaseUntil: { $add: ['$$NOW', leaseMs] }, leaseMs };
}

function toResult(order: ClaimOrder, document: SagaDocument | undefined): ClaimResult {
  if (document === undefined) return { status: 'at-rest', saga: null };
  const saga = toRecord(document);
  if (document.owner === order.owner) return { status: 'claimed', saga };
  if (isAtRest(saga.state.phase)) return { status: 'at-rest', saga };
  const dueMs = document.dueAt.getTime();
  const leaseMs = document.leaseUntil?.getTime() ?? 0;
  return leaseMs >= dueMs
    ? { status: 'busy', retryAtMs: leaseMs }
    : { status: 'not-due', retryAtMs: dueMs };
}
