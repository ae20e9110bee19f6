// The pool state as documents: one for the state as such, one for each pool, one for each mapping, so that a
// change of one bot touches some kilobytes, however large the state, and no document grows with the platform.
//
// `poolState` holds one document, the revision. A change is ONE conditional write to it, from revision n to
// n + 1, that carries the rows it changes in `pending` (I5: one writer; the second one finds another
// revision and begins anew). From then on the change has happened: readers lay `pending` over the rows, and the
// rows are brought up to it by the first that can, its writer or, where that died, the next one. A row only
// moves to a higher revision, so being late or repeating does no harm. There is no lock that a dead process could leave.
//
// Others who write here (the platform) raise `revision` by one and put the new one on each row they change, in one
// transaction; a row that goes loses its `value` and gets `removedAt`.

import { type IndexDeclaration, majorityCollection } from '@reclaim/saga/mongodb';
import type { Collection, Db } from 'mongodb';
import type { FileOwner } from '../file/keep-owner.ts';
import type { BotMapping, Pool, PoolState } from '../pool-state.ts';

export const STATE_ID = 'state';

export interface StateDocument {
  _id: typeof STATE_ID;
  /** `filling`: a move is writing a state, and its rows are not whole. `moved`: it is a file now. */
  status: 'active' | 'filling' | 'moved';
  /** Of the last change; it never goes back. */
  revision: number;
  /** Of the move that filled the store: a row below it is what came before, or what another move wrote late, and does not
   * count. Missing: none was ever moved in. */
  filledAt?: number;
  /** Of the next row that is added: rows are in the order in which they came. */
  nextPosition: number;
  /**
   * All that is neither a pool nor a mapping; `pools` and `botMapping` are empty and keep their position in the order.
   */
  head: PoolState;
  /** The last change, as long as the rows may not have it. */
  pending: PendingRows | null;
  writeId: string;
  /** Of the move that brought it here or took it away. */
  move?: MoveNote;
  /** Of the bytes of the file that a move is placing: one that holds them is that move's, and nobody's truth yet. */
  placing?: string;
}

export interface MoveNote {
  readonly file: string;
  /** Of the file's bytes. */
  readonly sha256: string;
  /** Whether the file ended with a newline: it will again. */
  readonly isNewlineTerminated: boolean;
  /** Who could write the file: the one that comes in its place is theirs as well. */
  readonly owner?: FileOwner;
  readonly at: Date;
}

export interface PendingRows {
  readonly revision: number;
  readonly pools: readonly PendingRow<Pool>[];
  readonly bots: readonly PendingRow<BotMapping>[];
}

/** Ids are values everywhere, never names of fields. */
export interface PendingRow<T> {
  readonly id: string;
  /** Null: it keeps the one it has. */
  readonly position: number | null;
  /** Null: it is gone. */
  readonly value: T | null;
}

export interface RowDocument<T> {
  _id: string;
  revision: number;
  position?: number;
  value?: T;
  /** Instead of a value: kept for a while, so that no late writer brings it back. */
  removedAt?: Date;
}

export interface PoolCollections {
  readonly state: Collection<StateDocument>;
  readonly pools: Collection<RowDocument<Pool>>;
  readonly bots: Collection<RowDocument<BotMapping>>;
}

const STATE = 'poolState';
const POOLS = 'poolStatePools';
const BOTS = 'poolStateBots';

/** Read and written with a majority. @throws UnavailableError before the connection was opened. */
export function poolCollections(db: Db): PoolCollections {
  return {
    state: majorityCollection<StateDocument>(db, STATE),
    pools: majorityCollection<RowDocument<Pool>>(db, POOLS),
    bots: majorityCollection<RowDocument<BotMapping>>(db, BOTS),
  };
}

/** How long a removed row is remembered: far longer than any writer or reader can be late. */
const REMOVED_KEPT_SECONDS = 86_400;

export const POOL_STATE_INDEXES: readonly IndexDeclaration[] = [
  ...[POOLS, BOTS].flatMap((collection) => [
    { collection, name: 'newest', key: { revision: 1 } as const },
    {
      collection,
      name: 'forget_removed',
      key: { removedAt: 1 } as const,
      expireAfterSeconds: REMOVED_KEPT_SECONDS,
    },
  ]),
  { collection: POOLS, name: 'user', key: { 'value.userId': 1 } },
  { collection: POOLS, name: 'bot', key: { 'value.bots': 1 } },
  { collection: POOLS, name: 'container', key: { 'value.containerName': 1 } },
  { collection: BOTS, name: 'pool', key: { 'value.poolId': 1 } },
];
