// Rows and the records they stand for, both ways: what a change did to a record, and a record with a change.

import type { PendingRow, PendingRows, RowDocument } from './mongodb/pool-documents.ts';
import type { BotMapping, Pool, PoolState } from './pool-state.ts';

export interface ChangedRow<T> {
  readonly id: string;
  readonly row: Row<T>;
}

/** Positively removed, or there: a value that is missing for another reason is there, and malformed (I4). */
type Row<T> = {
  readonly revision: number;
  readonly position: number;
} & ({ readonly isRemoved: true } | { readonly isRemoved: false; readonly value: T });

/** Rows as they are gathered, from one question or from several: of two readings of a row the later one counts. */
export type GatheredRows = ReturnType<typeof createGatheredRows>;

export function createGatheredRows() {
  const pools: Rows<Pool> = new Map();
  const bots: Rows<BotMapping> = new Map();
  return {
    putPool: (row: RowDocument<Pool>): void => put(pools, row),
    putBot: (row: RowDocument<BotMapping>): void => put(bots, row),
    /** Forgets what is older than the state itself. */
    dropBelow: (revision: number): void => {
      dropBelow(pools, revision);
      dropBelow(bots, revision);
    },
    /** Lays a change that the rows may not have yet over them. Repeatable. */
    layOver: (pending: PendingRows | null): void => {
      if (pending === null) return;
      layOver(pools, pending.pools, pending.revision);
      layOver(bots, pending.bots, pending.revision);
    },
    /** What the rows lead to: pools of which all mappings are wanted, and pools that only mappings name. */
    links: (
      isWhole: (id: string, pool: Pool) => boolean,
    ): {
      readonly wholePools: readonly string[];
      readonly mappedTo: readonly string[];
    } => ({
      wholePools: standing(pools)
        .filter(([id, pool]) => isWhole(id, pool))
        .map(([id]) => id),
      mappedTo: standing(bots)
        .map(([, mapping]) => mapping?.poolId)
        .filter((poolId) => typeof poolId === 'string' && !pools.has(poolId)),
    }),
    /** Everything that was put, removed rows included, in the order of the rows. */
    changes: (): {
      readonly pools: readonly ChangedRow<Pool>[];
      readonly bots: readonly ChangedRow<BotMapping>[];
    } => ({ pools: inOrder(pools), bots: inOrder(bots) }),
    toState: (head: PoolState): PoolState =>
      fromParts(head, Object.fromEntries(standing(pools)), Object.fromEntries(standing(bots))),
  };
}

type Rows<T> = Map<string, Row<T>>;

function put<T>(rows: Rows<T>, { _id, ...row }: RowDocument<T>): void {
  const { revision, value } = row;
  // A row of a writer that numbers nothing comes last.
  const place = { revision, position: row.position ?? Number.MAX_VALUE };
  const isRemoved = row.removedAt !== undefined && value === undefined;
  // What a row of the right shape has; the state that it becomes part of is checked as a whole.
  rows.set(_id, isRemoved ? { ...place, isRemoved } : { ...place, isRemoved, value: value as T });
}

function dropBelow<T>(rows: Rows<T>, revision: number): void {
  for (const [id, row] of rows) if (row.revision < revision) rows.delete(id);
}

function layOver<T>(rows: Rows<T>, pending: readonly PendingRow<T>[], revision: number): void {
  for (const { id, position, value } of pending) {
    const known = rows.get(id);
    if (known !== undefined && known.revision >= revision) continue;
    const place = { revision, position: position ?? known?.position ?? 0 };
    const isRemoved = value === null;
    rows.set(id, isRemoved ? { ...place, isRemoved } : { ...place, isRemoved, value });
  }
}

function inOrder<T>(rows: Rows<T>): ChangedRow<T>[] {
  return [...rows]
    .map(([id, row]) => ({ id, row }))
    .sort((a, b) => a.row.position - b.row.position);
}

// Pairs for `Object.fromEntries`, which makes own properties of any ids.
function standing<T>(rows: Rows<T>): [string, T][] {
  return inOrder(rows).flatMap(({ id, row }): [string, T][] =>
    row.isRemoved ? [] : [[id, row.value]],
  );
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
  rows: readonly ChangedRow<T>[],
): Readonly<Record<string, T>> {
  if (rows.length === 0) return record;
  const next: Record<string, T> = { ...record };
  for (const { id, row } of rows) {
    if (row.isRemoved) delete next[id];
    // Assigning would take an id like __proto__ for something else.
    else {
      Object.defineProperty(next, id, {
        value: row.value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
  return next;
}
