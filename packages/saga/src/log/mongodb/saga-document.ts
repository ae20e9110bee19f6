// How a saga lies in the collection `sagas`, and the way there and back. The machine's state is stored as it
// is; beside it stand the fields that conditions and indexes need.

import type { SagaState } from '../../machine/state.ts';
import { parseSagaId, toSagaId } from '../../saga-id.ts';
import type { HistoryEntry, SagaRecord } from '../record.ts';
import type { LoggedEvent } from '../saga-log.ts';

/** A record with moments as dates, and what conditions and indexes need. */
export interface SagaDocument extends Omit<SagaRecord, 'id' | 'parent' | Moments | 'history'> {
  _id: string;
  parent: string | null;
  /** `<kind>@<version>`: which workers can run it. */
  pinned: string;
  owner: string | null;
  leaseUntil: Date | null;
  /** For how long the lease was granted; since the first claim. */
  leaseMs?: number;
  /** Not to be claimed before. */
  dueAt: Date;
  /** When the relay reads it next, unless it has ended. */
  relayAt: Date;
  /** The relay leaves it alone until then: its worker has parked it. */
  parkedUntil?: Date;
  /** Which pass of which relay has taken it last. */
  relayTake?: string;
  /** When the relay releases what it held; only of one that an order has ended, until it is released. */
  releaseAt?: Date;
  unrunnableSince?: Date | null;
  history: HistoryDocument[];
  createdAt: Date;
  finishedAt: Date | null;
  /** Set at the end, or at the release that is owed by then: the TTL index removes it then. */
  expireAt?: Date;
}

type Moments = 'unrunnableSince' | 'createdAt' | 'finishedAt';

export interface HistoryDocument extends Omit<HistoryEntry, 'at'> {
  at: Date;
}

export function toRecord(document: SagaDocument): SagaRecord {
  return {
    id: toSagaId(document._id),
    kind: document.kind,
    version: document.version,
    key: document.key,
    subject: document.subject,
    requestedBy: document.requestedBy,
    parent: parseSagaId(document.parent) ?? null,
    input: document.input,
    state: document.state,
    open: document.open,
    revision: document.revision,
    writeId: document.writeId,
    epoch: document.epoch,
    result: document.result,
    unrunnableSince: document.unrunnableSince?.toISOString() ?? null,
    history: document.history.map(toHistoryEntry),
    createdAt: document.createdAt.toISOString(),
    finishedAt: document.finishedAt?.toISOString() ?? null,
    ...(typeof document.traceparent === 'string' && { traceparent: document.traceparent }),
  };
}

/** The events of one write, as the history keeps them. */
export function toHistory(
  events: readonly LoggedEvent[],
  epoch: number,
  writeId: string,
): HistoryDocument[] {
  return events.map(({ type, step, detail, atMs }) => {
    return { at: new Date(atMs), epoch, type, step, detail, writeId };
  });
}

export function toHistoryEntry({ at, ...entry }: HistoryDocument): HistoryEntry {
  return { ...entry, at: at.toISOString() };
}

/** The fields of the state that changed, as a targeted `$set`: states share what did not change. Whole only on the very
 * state they were made from, which is every write's condition. */
export function changedFields(before: SagaState, after: SagaState): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) {
    if (key !== 'steps' && value !== Reflect.get(before, key)) changed[`state.${key}`] = value;
  }
  after.steps.forEach((step, index) => {
    const old = before.steps[index];
    if (old === step) return;
    for (const [key, value] of Object.entries(step)) {
      if (old === undefined || value !== Reflect.get(old, key)) {
        changed[`state.steps.${index}.${key}`] = value;
      }
    }
  });
  return changed;
}
