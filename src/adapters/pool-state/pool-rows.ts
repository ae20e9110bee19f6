// Rows and the records they stand for, both ways: what a change did to a record, and a record with a change.

import type { BotMapping, Pool, PoolState } from '../../domain/pool-state.ts';
import type { PendingRow, PendingRows, RowDocument } from './pool-documents.ts';

/** The rows of one kind, by id, as they are gathered. */
export type Rows<T> = Map<string, { readonly position: number; readonly value: T }>;

export function putRow<T>(rows: Rows<T>, { _id, position, value }: RowDocument<T>): void {
  // A row of somebody who numbers nothing comes last.
  if (value !== undefined) rows.set(_id, { position: position ?? Number.MAX_VALUE, value });
}

/** Lays a change that the rows may not have yet over those that were read.
 * @param revisions of the rows that were read. */
export function overlay<T>(
  rows: Rows<T>,
  pending: readonly PendingRow<T>[],
  isNewer: (id: string) => boolean,
): void {
  for (const { id, position, value } of pending) {
    if (isNewer(id)) continue;
    if (value === null) rows.delete(id);
    else rows.set(id, { position: position ?? rows.get(id)?.position ?? 0, value });
  }
}

/** The record of the rows, in their order. Own properties throughout, whatever the ids are. */
export function toRecord<T>(rows: Rows<T>): Readonly<Record<string, T>> {
  const ordered = [...rows].sort(([, a], [, b]) => a.position - b.position);
  return Object.fromEntries(ordered.map(([id, { value }]) => [id, value]));
}

export function fromParts(
  head: PoolState,
  pools: PoolState['pools'],
  botMapping: PoolState['botMapping'],
): PoolState {
  return { ...head, pools, botMapping };
}

export function headOf(state: PoolState): PoolState {
  return { ...state, pools: {}, botMapping: {} };
}

export interface RowChanges extends PendingRows {
  readonly nextPosition: number;
}

/** What a change did, found by identity: what it did not touch is the same object. */
export function changedRows(
  before: PoolState,
  after: PoolState,
  { revision, nextPosition }: { readonly revision: number; readonly nextPosition: number },
): RowChanges {
  let position = nextPosition;
  const next = () => position++;
  const pools: readonly PendingRow<Pool>[] = changesOf(before.pools, after.pools, next);
  const bots: readonly PendingRow<BotMapping>[] = changesOf(
    before.botMapping,
    after.botMapping,
    next,
  );
  return { revision, pools, bots, nextPosition: position };
}

function changesOf<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  nextPosition: () => number,
): readonly PendingRow<T>[] {
  if (before === after) return [];
  const changes: PendingRow<T>[] = [];
  for (const [id, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, id)) changes.push({ id, position: nextPosition(), value });
    else if (before[id] !== value) changes.push({ id, position: null, value });
  }
  for (const id of Object.keys(before)) {
    if (!Object.hasOwn(after, id)) changes.push({ id, position: null, value: null });
  }
  return changes;
}

/** A record with rows that have changed since; the same object where none has. */
export function withRows<T>(
  record: Readonly<Record<string, T>>,
  rows: readonly { readonly id: string; readonly value: T | null }[],
): Readonly<Record<string, T>> {
  if (rows.length === 0) return record;
  const next: Record<string, T> = { ...record };
  for (const { id, value } of rows) {
    if (value === null) delete next[id];
    // Assigning would take an id like __proto__ for something else.
    else {
      Object.defineProperty(next, id, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
  return next;
}
