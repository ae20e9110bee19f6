// The queries of the pool state's collections, each one command that reads one moment.

import type { Collection, Db, Document, Filter } from 'mongodb';
import { assertNever } from '../../domain/assert-never.ts';
import { botPrefix } from '../numbered-bots.ts';
import { poolNamePrefix } from '../ownership.ts';
import type { GatheredRows } from '../pool-rows.ts';
import type { BotMapping, Pool } from '../pool-state.ts';
import type { PoolScope } from '../pool-states.ts';
import {
  poolCollections,
  type RowDocument,
  STATE_ID,
  type StateDocument,
} from './pool-documents.ts';

/** Rows that fulfil any of the conditions. */
export interface RowQuery {
  readonly pools: readonly Filter<RowDocument<Pool>>[];
  readonly bots: readonly Filter<RowDocument<BotMapping>>[];
}

/** Adds the requested rows to those that were gathered.
 * @returns the state's document of the same moment; null: there is none, and no row was read. */
export async function findRows(
  db: Db,
  { pools, bots }: RowQuery,
  rows: GatheredRows,
): Promise<StateDocument | null> {
  const from = poolCollections(db);
  const found = from.state.aggregate<FoundDocument>(
    [
      { $match: { _id: STATE_ID } },
      { $set: { kind: 'state' } },
      ...union(from.pools, 'pool', pools),
      ...union(from.bots, 'bot', bots),
    ],
    { readConcern: { level: 'snapshot' } },
  );
  let state: StateDocument | null = null;
  for await (const { kind, ...document } of found) {
    switch (kind) {
      case 'state':
        state = document as StateDocument;
        break;
      case 'pool':
        rows.putPool(document as RowDocument<Pool>);
        break;
      case 'bot':
        rows.putBot(document as RowDocument<BotMapping>);
        break;
      default:
        assertNever(kind);
    }
  }
  return state;
}

type FoundDocument = Document & { readonly kind: 'state' | 'pool' | 'bot' };

function union<T>(
  { collectionName: coll }: Collection<RowDocument<T>>,
  kind: FoundDocument['kind'],
  $or: readonly Filter<RowDocument<T>>[],
) {
  if ($or.length === 0) return [];
  return [{ $unionWith: { coll, pipeline: [{ $match: { $or } }, { $set: { kind } }] } }];
}

/** What has changed since a revision, removals included. */
export function rowsSince(revision: number, itself: 'included' | 'excluded'): RowQuery {
  const since = { revision: itself === 'included' ? { $gte: revision } : { $gt: revision } };
  return { pools: [since], bots: [since] };
}

/** What a scope names directly; what that leads to is the next question. */
export function rowsAbout({
  bots = [],
  users = [],
  pools = [],
  containers = [],
}: PoolScope): RowQuery {
  const ids = users.map((uid) => beginningWith(botPrefix(uid)));
  return {
    bots: [{ _id: { $in: [...bots] } }, ...ids.map((_id) => ({ _id }))],
    pools: [
      { _id: { $in: [...pools] } },
      { 'value.bots': { $in: [...bots] } },
      { 'value.userId': { $in: [...users] } },
      { 'value.containerName': { $in: [...containers] } },
      ...users.map((uid) => ({ 'value.containerName': beginningWith(poolNamePrefix(uid)) })),
      ...ids.map((id) => ({ 'value.bots': { $elemMatch: id } })),
    ],
  };
}

/** Whether the mappings of all bots of a pool are requested. */
export function isWholePool({ users = [], pools = [] }: PoolScope) {
  // Not checked yet: a pool that is none makes the whole reading unknown, afterwards.
  return (id: string, pool: Pool | null | undefined): boolean =>
    pools.includes(id) ||
    users.some(
      (uid) => uid === pool?.userId || String(pool?.containerName).startsWith(poolNamePrefix(uid)),
    );
}

// A range instead of a pattern: ids are data.
function beginningWith(prefix: string) {
  return { $gte: prefix, $lt: `${prefix}\uffff` };
}
