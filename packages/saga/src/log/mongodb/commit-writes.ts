// The log's writes, group-committed: those of all sagas in flight in this process that wait together go out
// as one unordered bulk, with the strongest write concern among them. Each carries its condition (epoch,
// owner, and the id of the write it was made from) and its own id. When fewer match than were sent, and after
// any lost answer, each is read back by its id: present is landed; absent under the same claim, on the same
// write, is sent again; absent on another write is a conflict; absent with others is fenced (I5). Nothing is
// guessed from a count: a failover gives numbers out twice, and what only the old primary had is not there any
// more although its number is (I6).

import type { AnyBulkWriteOperation } from 'mongodb';
import { UnavailableError } from '../../errors.ts';
import { standingOf } from '../../machine/standing.ts';
import { isAtRest, isEnded, type SagaState } from '../../machine/state.ts';
import { inTime } from '../../mongodb/in-time.ts';
import { cannotHold, isAway, isContentOf, runRepeatable } from '../../mongodb/mongo-errors.ts';
import type { SagaRecord } from '../record.ts';
import {
  type CommitResult,
  FIRST_RELEASE_PASS_MS,
  type Intervention,
  type InterventionResult,
  type LogWrite,
} from '../saga-log.ts';
import { HISTORY_LIMIT, type RecordChange, writtenRecord } from '../written-record.ts';
import { COMMITTED, type LogContext, MAJORITY } from './log-context.ts';
import {
  changedFields,
  type HistoryDocument,
  type SagaDocument,
  toHistory,
  toHistoryEntry,
  toRecord,
} from './saga-document.ts';

/** A write that was absent although its condition held is sent again this often before the database is
 * called unreachable. */
const MAX_ROUNDS = 3;

export async function commitWrites(
  context: LogContext,
  writes: LogWrite[],
): Promise<CommitResult[]> {
  const orders = writes.map((write) => toOrder(context, write));
  const outcomes = new Map<Order, CommitResult>();
  let left = orders;
  for (let round = 0; left.length > 0 && round < MAX_ROUNDS; round += 1) {
    if (await sendAll(context, left)) {
      for (const order of left) outcomes.set(order, landed(order.write, order.entries));
      break;
    }
    const told = await readBack(context, left);
    left = left.filter((order) => {
      const outcome = told.get(order);
      if (outcome !== undefined) outcomes.set(order, outcome);
      return outcome === undefined;
    });
  }
  return orders.map((order) => outcomes.get(order) ?? refuse());
}

/** The same for a write from outside the claim: under any claim, its condition is the write it was made from, or where the
 * saga stood then. */
export async function intervene(
  context: LogContext,
  intervention: Intervention,
): Promise<InterventionResult> {
  const { base, state, event, writeId, result = null, landsOn = 'base' } = intervention;
  const { fences = false, owesRelease = false } = intervention;
  const change = { base, state, result, writeId, fences, owesRelease };
  return runRepeatable(async () => {
    const entry = { at: new Date(context.clock.nowMs()), epoch: base.epoch, ...event, writeId };
    if (landsOn === 'standing') return cancelRunning(context, base, entry);
    const { matchedCount } = await context.sagas.updateOne(
      { _id: base.id, epoch: base.epoch, writeId: base.writeId },
      toUpdate(context, change, [entry]),
      { writeConcern: MAJORITY },
    );
    if (matchedCount === 1) return landed(change, [entry]);
    return standsNow(context, base, writeId);
  });
}

// Whatever the worker has written since: attempts that failed or began again do not change what a cancel means.
async function cancelRunning(
  context: LogContext,
  base: SagaRecord,
  entry: HistoryDocument,
): Promise<InterventionResult> {
  const { writeId } = entry;
  const document = await context.sagas.findOneAndUpdate(
    { _id: base.id, epoch: base.epoch, ...standingFilter(base.state) },
    {
      $set: {
        'state.cancelRequested': true,
        'state.notBeforeMs': null,
        dueAt: new Date(0),
        writeId,
      },
      $inc: { revision: 1 },
      $push: { history: { $each: [entry], $slice: -HISTORY_LIMIT } },
    },
    { returnDocument: 'after', writeConcern: MAJORITY },
  );
  return document === null
    ? standsNow(context, base, writeId)
    : { status: 'landed', saga: toRecord(document) };
}

// By type: `null` as a value also matches what is missing, and of an array's index MongoDB takes each element to miss a field.
// A capture may itself be an array, whose elements a condition meets as well.
const IS_NULL = { $type: 'null', $not: { $type: 'array' } } as const;

function standingFilter(state: SagaState): Record<string, unknown> {
  const { steps, ...saga } = standingOf(state);
  const filter = Object.entries(saga).map(([field, value]) => [`state.${field}`, value]);
  const ofSteps = steps.flatMap(({ isPending, isCaptured }, index) => {
    const hasNone = { [`state.steps.${index}.capture`]: IS_NULL };
    return [
      { [`state.steps.${index}.status`]: isPending ? 'pending' : { $ne: 'pending' } },
      isCaptured ? { $nor: [hasNone] } : hasNone,
    ];
  });
  return { ...Object.fromEntries(filter), $and: ofSteps };
}

async function standsNow(
  { sagas }: LogContext,
  { id }: SagaRecord,
  writeId: string,
): Promise<InterventionResult> {
  const document = await sagas.findOne({ _id: id }, COMMITTED);
  if (document === null) throw new UnavailableError('SAGA_GONE', `saga ${id} is gone`);
  const status = hasWritten(document, writeId) ? 'landed' : 'conflict';
  return { status, saga: toRecord(document) };
}

type Landed = Extract<CommitResult, { status: 'landed' }>;

interface Order {
  readonly write: LogWrite;
  readonly entries: readonly HistoryDocument[];
  readonly operation: AnyBulkWriteOperation<SagaDocument>;
}

function toOrder(context: LogContext, write: LogWrite): Order {
  const { claim, base, writeId } = write;
  const { sagaId, epoch, owner } = claim;
  const entries = toHistory(write.events, epoch, writeId);
  const filter = { _id: sagaId, epoch, owner, writeId: base.writeId };
  return {
    write,
    entries,
    operation: { updateOne: { filter, update: toUpdate(context, write, entries) } },
  };
}

type Change = RecordChange & Pick<Intervention, 'owesRelease'>;

function toUpdate(
  { retentionMs, clock }: LogContext,
  { base, state, result, writeId, fences = false, owesRelease = false }: Change,
  entries: readonly HistoryDocument[],
) {
  const set: Record<string, unknown> = { ...changedFields(base.state, state), writeId };
  if (state.notBeforeMs !== base.state.notBeforeMs) set.dueAt = new Date(state.notBeforeMs ?? 0);
  if (isAtRest(state.phase)) set.leaseUntil = null;
  if (isEnded(state.phase)) {
    const finishedAt = lastMoment(entries);
    Object.assign(set, { open: false, result, finishedAt });
    if (owesRelease) set.releaseAt = new Date(clock.nowMs() + FIRST_RELEASE_PASS_MS);
    else set.expireAt = new Date(finishedAt.getTime() + retentionMs);
  }
  return {
    $set: set,
    $inc: { revision: 1, ...(fences && { epoch: 1 }) },
    $push: { history: { $each: [...entries], $slice: -HISTORY_LIMIT } },
  };
}

// True: every write matched. False: at least one did not, or the outcome is unknown.
async function sendAll({ sagas }: LogContext, orders: readonly Order[]): Promise<boolean> {
  const isMajority = orders.some(({ write }) => write.durability === 'majority');
  const operations = orders.map(({ operation }) => operation);
  try {
    const { matchedCount } = await inTime(
      sagas.bulkWrite(operations, {
        ordered: false,
        writeConcern: isMajority ? MAJORITY : { w: 1 },
      }),
    );
    return matchedCount === orders.length;
  } catch (error) {
    if (isAway(error)) return false;
    throw isContentOf(operations, error) ? cannotHold(error) : error;
  }
}

async function readBack(
  context: LogContext,
  orders: readonly Order[],
): Promise<Map<Order, CommitResult>> {
  return runRepeatable(async () => {
    // What a majority read is to show must first be on a majority: this write waits for all before it.
    const ids = orders.map(({ write }) => write.claim.sagaId);
    await context.sagas.updateOne({ _id: ids[0] ?? '' }, { $inc: { proofs: 1 } }, BARRIER);
    const found = await context.sagas.find({ _id: { $in: ids } }, COMMITTED).toArray();
    const byId = new Map(found.map((document) => [document._id, document]));
    const told = new Map<Order, CommitResult>();
    for (const order of orders) {
      const outcome = outcomeIn(order, byId.get(order.write.claim.sagaId));
      if (outcome !== null) told.set(order, outcome);
    }
    return told;
  });
}

const BARRIER = { writeConcern: MAJORITY };

// Null: the write is absent and its condition holds: send it again.
function outcomeIn(order: Order, document: SagaDocument | undefined): CommitResult | null {
  const { claim, base, writeId } = order.write;
  if (document === undefined) return { status: 'fenced' };
  if (hasWritten(document, writeId)) return landed(order.write, order.entries);
  if (document.epoch !== claim.epoch || document.owner !== claim.owner) return { status: 'fenced' };
  return document.writeId === base.writeId
    ? null
    : { status: 'conflict', saga: toRecord(document) };
}

function hasWritten({ history }: SagaDocument, writeId: string): boolean {
  return history.some((entry) => entry.writeId === writeId);
}

function lastMoment(entries: readonly HistoryDocument[]): Date {
  const last = entries.at(-1);
  if (last === undefined) throw new RangeError('a log write without an event');
  return last.at;
}

// What stands there is known: exactly the base, and this write on it.
function landed(change: RecordChange, entries: readonly HistoryDocument[]): Landed {
  return { status: 'landed', saga: writtenRecord(change, entries.map(toHistoryEntry)) };
}

function refuse(): never {
  throw new UnavailableError('LOG_NOT_WRITTEN', 'the saga log does not take the write');
}
