// Reads the pool state's documents as they were at one moment (a snapshot session), whole or the part somebody asks
// about, with the change that the rows may not have yet laid over them. I4: a store that is missing, moved away, half
// filled or malformed is `unknown`, with the reason.
//
// Of the whole state the last reading is kept, and the next one asks only for the rows that have changed since.

import type { Connection, mongo } from 'mongoose';
import type { PoolScope } from '../../deletion/ports/pool-states.ts';
import { botPrefix } from '../../domain/bot-numbers.ts';
import { poolNamePrefix } from '../../domain/identity.ts';
import type { BotMapping, Pool, PoolState } from '../../domain/pool-state.ts';
import { type SourceUnknown, unknown } from '../../domain/source.ts';
import { messageOf } from '../mongo/mongo-errors.ts';
import {
  type PendingRow,
  type PendingRows,
  type PoolCollections,
  poolSnapshots,
  type RowDocument,
  STATE_ID,
  type StateDocument,
} from './pool-documents.ts';
import { fromParts, overlay, putRow, type Rows, toRecord, withRows } from './pool-rows.ts';
import { findFault } from './pool-state-format.ts';

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

export interface PoolDocumentsReader {
  /** The whole state. */
  readAll(): Promise<StoredAnswer>;
  /** At least what the scope names. */
  readPart(scope: PoolScope): Promise<StoredAnswer>;
}

/** The whole state from its rows alone, remembering nothing: for a move, which reads back what it wrote.
 * @param status of the store that is to be read. */
export function readStore(
  connection: Connection,
  status: StateDocument['status'],
): Promise<StoredAnswer> {
  return inSnapshot(connection, wholeState, status);
}

/** @param nowMs for the age of what is kept; its origin does not matter, e.g. `performance.now`. */
export function createPoolDocumentsReader(
  connection: Connection,
  nowMs: () => number,
): PoolDocumentsReader {
  let kept: { readonly stored: StoredPoolState; readonly atMs: number } | null = null;

  async function readAll(): Promise<StoredAnswer> {
    const base = kept !== null && nowMs() - kept.atMs < KEPT_MS ? kept : null;
    const answer = await inSnapshot(connection, (reading) =>
      base === null ? wholeState(reading) : changedState(reading, base.stored),
    );
    if (answer.status === 'ok') {
      kept = { stored: answer.stored, atMs: base?.atMs ?? nowMs() };
    }
    return answer;
  }

  return {
    readAll,
    readPart: (scope) => inSnapshot(connection, (reading) => partOfState(reading, scope)),
  };
}

/** Somebody who writes here without raising the revision is noticed within this time; rows that were removed are
 * remembered for longer. */
const KEPT_MS = 60_000;

interface Read {
  readonly stored: StoredPoolState;
  /** The first place that is malformed. */
  readonly fault: string | null;
}

interface Reading {
  readonly meta: StateDocument;
  readonly from: PoolCollections;
  readonly session: mongo.ClientSession;
}

async function inSnapshot(
  connection: Connection,
  read: (reading: Reading) => Promise<Read>,
  status: StateDocument['status'] = 'active',
): Promise<StoredAnswer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await readOnce(connection, read, status);
    } catch (error) {
      // A collection or an index is being made, or a reading took longer than snapshots are kept.
      if (tries < SNAPSHOT_TRIES && isSnapshotGone(error)) continue;
      return unknown(`it cannot be read (${messageOf(error)})`);
    }
  }
}

async function readOnce(
  connection: Connection,
  read: (reading: Reading) => Promise<Read>,
  status: StateDocument['status'],
): Promise<StoredAnswer> {
  const from = poolSnapshots(connection);
  const session = connection.getClient().startSession({ snapshot: true });
  try {
    const meta = await from.state.findOne({ _id: STATE_ID }, { session });
    const reason = whyNot(meta, status);
    if (meta === null || reason !== null) return unknown(reason ?? MISSING);
    const { stored, fault } = await read({ meta, from, session });
    return fault === null ? { status: 'ok', stored } : unknown(fault);
  } finally {
    await session.endSession();
  }
}

const SNAPSHOT_TRIES = 5;
const SNAPSHOT_UNAVAILABLE = 246;
const SNAPSHOT_TOO_OLD = 239;

function isSnapshotGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === SNAPSHOT_UNAVAILABLE || code === SNAPSHOT_TOO_OLD;
}

const MISSING = 'there is none in the database';

/** Why the documents are not to be read as a pool state; null where they are. */
function whyNot(meta: StateDocument | null, wanted: StateDocument['status']): string | null {
  if (meta === null) return MISSING;
  if (meta.status !== wanted) {
    if (meta.status === 'filling') return 'it is being moved here';
    if (meta.status === 'moved') {
      return `it was moved to ${meta.move?.file}: set POOL_STATE=file and restart`;
    }
  }
  const isWhole =
    meta.status === wanted &&
    Number.isSafeInteger(meta.revision) &&
    Number.isSafeInteger(meta.nextPosition) &&
    typeof meta.head === 'object' &&
    meta.head !== null;
  return isWhole ? null : `the document ${STATE_ID} of poolState is not one of this program's`;
}

async function wholeState(reading: Reading): Promise<Read> {
  const { from, session } = reading;
  const gathered = createGathered();
  // One after the other: a snapshot session takes one question at a time.
  await gathered.addPools(from.pools.find({}, { session, batchSize: BATCH }));
  await gathered.addBots(from.bots.find({}, { session, batchSize: BATCH }));
  return gathered.finish(reading.meta);
}

const BATCH = 10_000;

async function changedState(reading: Reading, base: StoredPoolState): Promise<Read> {
  const { meta, from, session } = reading;
  if (meta.revision < base.revision) return wholeState(reading);
  if (meta.revision === base.revision) {
    return { fault: null, stored: { ...base, pending: meta.pending } };
  }
  const since = { revision: { $gt: base.revision } };
  const pools = await from.pools.find(since, { session }).sort({ position: 1 }).toArray();
  const bots = await from.bots.find(since, { session }).sort({ position: 1 }).toArray();
  const { pending } = meta;
  const newPools = [...pools.map(changedRow), ...notYet(pools, pending?.pools, pending?.revision)];
  const newBots = [...bots.map(changedRow), ...notYet(bots, pending?.bots, pending?.revision)];
  const fault = findFault(fromParts(meta.head, withRows({}, newPools), withRows({}, newBots)));
  const state = fromParts(
    meta.head,
    withRows(base.state.pools, newPools),
    withRows(base.state.botMapping, newBots),
  );
  return { fault, stored: storedAs(state, meta) };
}

function changedRow<T>({ _id, value }: RowDocument<T>) {
  return { id: _id, value: value ?? null };
}

function notYet<T>(
  read: readonly RowDocument<T>[],
  pending: readonly PendingRow<T>[] = [],
  revision = 0,
): readonly PendingRow<T>[] {
  const newer = read.filter((row) => row.revision >= revision).map(({ _id }) => _id);
  return pending.filter(({ id }) => !newer.includes(id));
}

async function partOfState(reading: Reading, scope: PoolScope): Promise<Read> {
  const { meta, from, session } = reading;
  const { bots = [], users = [], pools = [], containers = [] } = scope;
  const gathered = createGathered();
  const wanted: mongo.Filter<RowDocument<Pool>>[] = [
    { _id: { $in: [...pools] } },
    { 'value.bots': { $in: [...bots] } },
    { 'value.userId': { $in: [...users] } },
    { 'value.containerName': { $in: [...containers] } },
    ...users.map((uid) => ({ 'value.containerName': beginningWith(poolNamePrefix(uid)) })),
    ...users.map((uid) => ({ 'value.bots': { $elemMatch: beginningWith(botPrefix(uid)) } })),
  ];
  const named: mongo.Filter<RowDocument<BotMapping>>[] = [
    { _id: { $in: [...bots] } },
    ...users.map((uid) => ({ _id: beginningWith(botPrefix(uid)) })),
  ];
  await gathered.addBots(from.bots.find({ $or: named }, { session }));
  await gathered.addPools(from.pools.find({ $or: wanted }, { session }));
  const isWhole = isWholePool(users, pools);
  const { poolIds, mappedTo } = gathered.links(meta, isWhole);
  await gathered.addPools(from.pools.find({ _id: { $in: mappedTo } }, { session }));
  if (poolIds.length > 0) {
    await gathered.addBots(from.bots.find({ 'value.poolId': { $in: poolIds } }, { session }));
  }
  return gathered.finish(meta);
}

// A range instead of a pattern: ids are data.
function beginningWith(prefix: string) {
  return { $gte: prefix, $lt: `${prefix}\uffff` };
}

/** Whether the mappings of all bots of this pool are asked for. */
function isWholePool(users: readonly string[], pools: readonly string[]) {
  return (id: string, { userId, containerName }: Pool) =>
    pools.includes(id) ||
    users.some((uid) => uid === userId || containerName?.startsWith(poolNamePrefix(uid)));
}

function createGathered() {
  const pools: Rows<Pool> = new Map();
  const bots: Rows<BotMapping> = new Map();
  const revisions = { pools: new Map<string, number>(), bots: new Map<string, number>() };

  async function add<T>(
    rows: Rows<T>,
    seen: Map<string, number>,
    found: AsyncIterable<RowDocument<T>>,
  ): Promise<void> {
    for await (const row of found) {
      seen.set(row._id, row.revision);
      putRow(rows, row);
    }
  }

  function layOver({ pending }: StateDocument): void {
    if (pending === null) return;
    const isIn = (seen: Map<string, number>) => (id: string) =>
      (seen.get(id) ?? -1) >= pending.revision;
    overlay(pools, pending.pools, isIn(revisions.pools));
    overlay(bots, pending.bots, isIn(revisions.bots));
  }

  return {
    addPools: (found: AsyncIterable<RowDocument<Pool>>) => add(pools, revisions.pools, found),
    addBots: (found: AsyncIterable<RowDocument<BotMapping>>) => add(bots, revisions.bots, found),
    /** What the rows read so far lead to: pools whose bots are wanted, and pools that mappings name. */
    links: (meta: StateDocument, isWhole: (id: string, pool: Pool) => boolean) => {
      layOver(meta);
      const poolIds = [...pools].filter(([id, { value }]) => isWhole(id, value)).map(([id]) => id);
      const mapped = [...bots.values()].map(({ value }) => value.poolId);
      return { poolIds, mappedTo: mapped.filter((id) => !pools.has(id)) };
    },
    finish: (meta: StateDocument): Read => {
      layOver(meta);
      const state = fromParts(meta.head, toRecord(pools), toRecord(bots));
      return { fault: findFault(state), stored: storedAs(state, meta) };
    },
  };
}

function storedAs(
  state: PoolState,
  { revision, nextPosition, pending }: StateDocument,
): StoredPoolState {
  return { state, revision, nextPosition, pending };
}
