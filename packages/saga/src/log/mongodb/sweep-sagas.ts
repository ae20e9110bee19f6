// What those who go through many sagas note on them: the relays, the workers that keep them away, and the watch over
// versions. No state of a saga is changed here.

import { randomUUID } from 'node:crypto';
import type { Filter } from 'mongodb';
import { isOver } from '../../mongodb/holds.ts';
import { isContent, runRepeatable } from '../../mongodb/mongo-errors.ts';
import { type SagaId, toSagaId } from '../../saga-id.ts';
import type { SagaRecord } from '../record.ts';
import {
  FIRST_RELAY_PASS_MS,
  FIRST_RELEASE_PASS_MS,
  MAX_PARK_MS,
  type OverdueSaga,
  type SagaLog,
} from '../saga-log.ts';
import { COMMITTED, type LogContext, MAJORITY } from './log-context.ts';
import { type SagaDocument, toRecord } from './saga-document.ts';

/** Takes what is overdue for `holdMs`: two relays never work on one. */
export async function takeOverdue(
  { sagas, clock }: LogContext,
  { limit, holdMs }: { readonly limit: number; readonly holdMs: number },
): Promise<readonly OverdueSaga[]> {
  return runRepeatable(async () => {
    const now = new Date(clock.nowMs());
    const due = overdueAt(now, holdMs);
    const found = await sagas.find(due, { ...IDS, sort: { relayAt: 1 }, limit }).toArray();
    if (found.length === 0) return [];
    const ids = { _id: { $in: found.map(({ _id }) => _id) } };
    const relayTake = randomUUID();
    // The condition again: of two relays that found the same sagas, one takes each.
    const take = { $set: { relayAt: new Date(now.getTime() + holdMs), relayTake } };
    try {
      await sagas.updateMany({ ...ids, ...due }, take);
    } catch (error) {
      if (!isContent(error)) throw error;
      await Promise.all(
        found.map(({ _id }) => sagas.updateOne({ _id, ...due }, take).catch(unlessFull)),
      );
    }
    const taken = await sagas.find({ ...ids, relayTake }, IDS).toArray();
    return taken.map(({ _id, kind }) => ({ id: toSagaId(_id), kind }));
  });
}

// A record that has no room for the note is not woken; it must keep no other from that (I10).
function unlessFull(error: unknown): void {
  if (!isContent(error)) throw error;
}

const IDS = { projection: { kind: 1 } } as const;

/** A relay's next read that is further ahead than any is scheduled was scheduled before the clock went back. */
function overdueAt(now: Date, holdMs: number): Filter<SagaDocument> {
  const farAhead = new Date(now.getTime() + 2 * Math.max(holdMs, FIRST_RELAY_PASS_MS));
  const noPark = new Date(now.getTime() + 2 * MAX_PARK_MS);
  return {
    open: true,
    dueAt: { $lte: now },
    'state.phase': { $ne: 'stuck' },
    $and: [
      { $or: [{ relayAt: { $lte: now } }, { relayAt: { $gt: farAhead } }] },
      { $or: [{ parkedUntil: { $not: { $gt: now } } }, { parkedUntil: { $gt: noPark } }] },
      { $or: [{ leaseUntil: null }, { $expr: isOver('$leaseUntil', '$leaseMs') }] },
    ],
  };
}

/** Keeps the relay away from sagas that a worker has parked. A loss costs a wake-up that finds no room. */
export async function parkSagas(
  { sagas }: LogContext,
  parked: readonly { readonly id: SagaId; readonly untilMs: number }[],
): Promise<undefined[]> {
  const writes = parked.map(({ id, untilMs }) => ({
    updateOne: {
      filter: { _id: id, open: true },
      update: { $max: { parkedUntil: new Date(untilMs) } },
    },
  }));
  await runRepeatable(() => sagas.bulkWrite(writes, { ordered: false, writeConcern: { w: 1 } }));
  return parked.map(() => undefined);
}

/** Since when an open saga has no worker that can run its version. */
export async function noteRunnable(
  { sagas }: LogContext,
  runnable: readonly string[],
): Promise<void> {
  await runRepeatable(async () => {
    await sagas.updateMany({ open: true, pinned: { $nin: [...runnable] }, unrunnableSince: null }, [
      { $set: { unrunnableSince: '$$NOW' } },
    ]);
    await sagas.updateMany(
      { open: true, pinned: { $in: [...runnable] }, unrunnableSince: { $type: 'date' } },
      { $set: { unrunnableSince: null } },
    );
  });
}

/** Sagas that an order has ended: the end is one write, and the process that made it may die before the release (I10). Two
 * relays that take the same ones release twice, which repeats harmlessly. */
export async function takeUnreleased(
  { sagas, clock }: LogContext,
  { runnable, limit, holdMs }: Parameters<SagaLog['takeUnreleased']>[0],
): Promise<readonly SagaRecord[]> {
  return runRepeatable(async () => {
    const nowMs = clock.nowMs();
    // Further ahead than any is scheduled: from before the clock went back.
    const farAhead = new Date(nowMs + 2 * Math.max(holdMs, FIRST_RELEASE_PASS_MS));
    const due = {
      pinned: { $in: [...runnable] },
      $or: [{ releaseAt: { $lte: new Date(nowMs) } }, { releaseAt: { $gt: farAhead } }],
    };
    const found = await sagas.find(due, { ...COMMITTED, sort: { releaseAt: 1 }, limit }).toArray();
    const ids = found.map(({ _id }) => _id);
    const next = { $set: { releaseAt: new Date(nowMs + holdMs) } };
    if (ids.length > 0) await sagas.updateMany({ _id: { $in: ids }, ...due }, next);
    return found.map(toRecord);
  });
}

/** Only now may it be forgotten: the record is what a release is made from. */
export async function noteReleased(
  { sagas, retentionMs }: LogContext,
  sagaId: SagaId,
): Promise<void> {
  const expireAt = { $add: ['$finishedAt', retentionMs] };
  await runRepeatable(() =>
    sagas.updateOne(
      { _id: sagaId, releaseAt: { $type: 'date' } },
      [{ $set: { expireAt } }, { $unset: 'releaseAt' }],
      { writeConcern: MAJORITY },
    ),
  );
}
