// Reads the pool state's documents as they were at one moment, whole or the requested part. I4: a store that
// is missing, moved away, half filled or malformed is `unknown`, with the reason.
//
// One moment is one command with a snapshot read concern. Where a reading needs more than one, the last one fetches the
// state's revision too and everything that has changed since the first: so nothing depends on how long the server keeps
// old snapshots. Of the whole state the last reading is kept, and the next one fetches only what has changed since.

import { messageOf } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import { type SourceUnknown, unknown } from '../../domain/source.ts';
import { createGatheredRows, fromParts, type GatheredRows, withRows } from '../pool-rows.ts';
import type { PoolState } from '../pool-state.ts';
import { readRows } from '../pool-state-format.ts';
import type { PoolScope } from '../pool-states.ts';
import { UNREADABLE, type UnreadableRows } from '../unreadable-rows.ts';
import {
  type PendingRows,
  poolCollections,
  STATE_ID,
  type StateDocument,
} from './pool-documents.ts';
import { findRows, isWholePool, rowsAbout, rowsSince } from './pool-documents-queries.ts';

/** A reading and what a change of it has to build on. */
export interface StoredPoolState {
  readonly state: PoolState;
  readonly revision: number;
  readonly nextPosition: number;
  readonly pending: PendingRows | null;
}

export type StoredAnswer =
  | { readonly status: 'ok'; readonly stored: StoredPoolState }
  | SourceUnknown;

/** @param nowMs for the age of what is kept; its origin does not matter, e.g. `performance.now`. */
export function createPoolDocumentsReader(db: Db, nowMs: () => number) {
  let kept: { readonly stored: StoredPoolState; readonly atMs: number } | null = null;

  return {
    /** The whole state. */
    readAll: async (): Promise<StoredAnswer> => {
      const base = kept !== null && nowMs() - kept.atMs < KEPT_MS ? kept : null;
      const atMs = base?.atMs ?? nowMs();
      const answer = await answered(() =>
        base === null ? readWhole(db, 'active') : readChanges(db, base.stored),
      );
      kept = answer.status === 'ok' ? { stored: answer.stored, atMs } : null;
      return answer;
    },
    /** At least what the scope names. */
    readPart: (scope: PoolScope): Promise<StoredAnswer> => answered(() => readPart(db, scope)),
  };
}

/** The whole state from its rows alone, remembering nothing: for a move, which reads back what it wrote.
 * @param status of the store that is to be read. */
export function readStore(db: Db, status: StateDocument['status']): Promise<StoredAnswer> {
  return answered(() => readWhole(db, status));
}

/** A program that writes here without raising the revision is noticed within this time; that a row was removed is
 * remembered for longer. */
const KEPT_MS = 60_000;

/** Null: it changed between the commands of one reading; again. */
async function answered(read: () => Promise<StoredAnswer | null>): Promise<StoredAnswer> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    try {
      const answer = await read();
      if (answer !== null) return answer;
    } catch (error) {
      if (!isSnapshotGone(error)) return unknown(`it cannot be read (${messageOf(error)})`);
    }
  }
  return unknown('it is written faster than it can be read');
}

/** Each try meets another change within some milliseconds. */
const MAX_TRIES = 20;
const SNAPSHOT_UNAVAILABLE = 246;
const SNAPSHOT_TOO_OLD = 239;

// A collection or an index was being made, or the server was too busy to end a command within its window.
function isSnapshotGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === SNAPSHOT_UNAVAILABLE || code === SNAPSHOT_TOO_OLD;
}

// The rows may be read over many revisions: what has changed since the first is read again, at one moment.
async function readWhole(db: Db, status: StateDocument['status']): Promise<StoredAnswer> {
  const { state, pools, bots } = poolCollections(db);
  const before = readable(await state.findOne({ _id: STATE_ID }), status);
  if (before.status === 'unknown') return before;
  const rows = createGatheredRows();
  for await (const row of pools.find({}, { batchSize: BATCH })) rows.putPool(row);
  for await (const row of bots.find({}, { batchSize: BATCH })) rows.putBot(row);
  // From this revision on: its own rows may have been on their way.
  const found = await findRows(db, rowsSince(before.meta.revision, 'included'), rows);
  const now = readable(found, status);
  return now.status === 'unknown' ? now : wholeOf(now.meta, rows);
}

const BATCH = 10_000;

async function readChanges(db: Db, base: StoredPoolState): Promise<StoredAnswer> {
  const rows = createGatheredRows();
  const found = await findRows(db, rowsSince(base.revision, 'excluded'), rows);
  const now = readable(found, 'active');
  if (now.status === 'unknown') return now;
  const { meta } = now;
  // What it was made from is there no more.
  if (meta.revision < base.revision || (meta.filledAt ?? 0) > base.revision) {
    return readWhole(db, 'active');
  }
  if (meta.revision === base.revision) {
    return { status: 'ok', stored: { ...base, pending: meta.pending } };
  }
  rows.layOver(meta.pending);
  const { pools, bots } = rows.changes();
  const changed = readRows(fromParts(meta.head, withRows({}, pools), withRows({}, bots)));
  const before = base.state[UNREADABLE];
  const isReadable = typeof changed !== 'string' && changed[UNREADABLE] === undefined;
  const whole = fromParts(
    meta.head,
    withRows({ ...base.state.pools, ...valuesOf(before?.pools) }, pools),
    withRows({ ...base.state.botMapping, ...valuesOf(before?.botMapping) }, bots),
  );
  // A change may hide rows and may repair hidden ones: only where neither is possible nothing is checked again.
  const state = isReadable && before === undefined ? whole : readRows(whole);
  if (typeof state === 'string') return unknown(state);
  return { status: 'ok', stored: storedAs(state, meta) };
}

async function readPart(db: Db, scope: PoolScope): Promise<StoredAnswer | null> {
  const rows = createGatheredRows();
  const found = readable(await findRows(db, rowsAbout(scope), rows), 'active');
  if (found.status === 'unknown') return found;
  rows.dropBelow(found.meta.filledAt ?? 0);
  rows.layOver(found.meta.pending);
  const { wholePools, mappedTo } = rows.links(isWholePool(scope));
  if (wholePools.length + mappedTo.length > 0) {
    const more = {
      pools: [{ _id: { $in: mappedTo } }],
      bots: [{ 'value.poolId': { $in: wholePools } }],
    };
    const then = readable(await findRows(db, more, rows), 'active');
    if (then.status === 'unknown') return then;
    if (then.meta.revision !== found.meta.revision) return null;
  }
  return wholeOf(found.meta, rows);
}

function wholeOf(meta: StateDocument, rows: GatheredRows): StoredAnswer {
  rows.dropBelow(meta.filledAt ?? 0);
  rows.layOver(meta.pending);
  const state = readRows(rows.toState(meta.head));
  return typeof state === 'string'
    ? unknown(state)
    : { status: 'ok', stored: storedAs(state, meta) };
}

// Pairs for `Object.fromEntries`, which makes own properties of any ids.
function valuesOf<T>(rows: UnreadableRows['pools'] = {}): Readonly<Record<string, T>> {
  // Read as rows again by the caller.
  return Object.fromEntries(Object.entries(rows).map(([id, { value }]) => [id, value as T]));
}

function storedAs(
  state: PoolState,
  { revision, nextPosition, pending }: StateDocument,
): StoredPoolState {
  return { state, revision, nextPosition, pending };
}

const BEING_MOVED =
  'it is being moved here; when no move is under way, one was cut short: call it again (npm run pool-state -- --to mongodb)';

type Readable = { readonly status: 'ok'; readonly meta: StateDocument } | SourceUnknown;

/** Whether the documents are to be read as a pool state. */
function readable(meta: StateDocument | null, wanted: StateDocument['status']): Readable {
  if (meta === null) return unknown('there is none in the database');
  if (meta.status === 'filling' && wanted === 'active') return unknown(BEING_MOVED);
  if (meta.status === 'moved') {
    return unknown(
      `it was moved to ${meta.move?.file}: set POOL_STATE=file and restart; where that says that it was moved to MongoDB, ` +
        'that move was cut short: call it again (npm run pool-state -- --to file)',
    );
  }
  const isWhole =
    meta.status === wanted &&
    Number.isSafeInteger(meta.revision) &&
    Number.isSafeInteger(meta.nextPosition) &&
    typeof meta.head === 'object' &&
    meta.head !== null;
  return isWhole
    ? { status: 'ok', meta }
    : unknown(`the document ${STATE_ID} of poolState is not one of this program's`);
}
