// Reads and changes of the simulated world, combined: callers that wait at the same time share one find
// or one unordered bulkWrite. Changes are conditional on what they expect (the container's id), so a
// repeat or a late one does nothing. How long a silent MongoDB is
// waited for is the connection's business.

import { InDoubtError, UnavailableError } from '@reclaim/saga';
import { createGroupCommit } from '@reclaim/saga/mongodb';
import type { mongo } from 'mongoose';
import { prepareWorld, type WorldCollection, type WorldDocument } from './world-documents.ts';

interface WorldQuery {
  readonly ids: readonly string[];
  /** Whose pools are wanted too, by every name that the owner has. */
  readonly uids?: readonly string[];
}

export type WorldChange = mongo.AnyBulkWriteOperation<WorldDocument>;

const MAX_BATCH = 500;

export type WorldCalls = ReturnType<typeof createWorldCalls>;

export function createWorldCalls(collectionOf: () => WorldCollection) {
  let prepared: Promise<void> | undefined;
  const prepare = () => {
    prepared ??= prepareWorld(collectionOf()).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };

  const read = createGroupCommit<WorldQuery, readonly WorldDocument[]>({
    maxBatch: MAX_BATCH,
    flush: async (queries) => {
      await prepare();
      const found = await readAll(collectionOf(), queries);
      return queries.map((query) => pick(found, query));
    },
  });
  const change = createGroupCommit<WorldChange, void>({
    maxBatch: MAX_BATCH,
    flush: async (changes) => {
      await collectionOf().bulkWrite(changes, { ordered: false });
      return changes.map(() => undefined);
    },
  });

  return {
    /** @throws UnavailableError when MongoDB does not answer. */
    read: (query: WorldQuery): Promise<readonly WorldDocument[]> =>
      read(query).catch((cause: unknown) => {
        throw new UnavailableError('SIMULATOR_UNREACHABLE', messageOf(cause), { cause });
      }),
    /** @throws InDoubtError when MongoDB does not answer. */
    change: (operation: WorldChange): Promise<void> =>
      change(operation).catch((cause: unknown) => {
        throw new InDoubtError('SIMULATOR_IN_DOUBT', messageOf(cause), { cause });
      }),
  };
}

interface Found {
  readonly byId: ReadonlyMap<string, WorldDocument>;
  readonly poolsByUid: ReadonlyMap<string, readonly WorldDocument[]>;
}

async function readAll(
  collection: WorldCollection,
  queries: readonly WorldQuery[],
): Promise<Found> {
  const ids = [...new Set(queries.flatMap((query) => query.ids))];
  const uids = [...new Set(queries.flatMap(({ uids = [] }) => uids))];
  const byIds = { _id: { $in: ids } };
  const filter = uids.length === 0 ? byIds : { $or: [byIds, { uid: { $in: uids } }] };
  const documents = await collection.find(filter).toArray();
  const byId = new Map(documents.map((document) => [document._id, document as WorldDocument]));
  const pools = [...byId.values()].filter((document) => document.kind === 'pool');
  return { byId, poolsByUid: Map.groupBy(pools, ({ uid }) => uid ?? '') };
}

function pick(
  { byId, poolsByUid }: Found,
  { ids, uids = [] }: WorldQuery,
): readonly WorldDocument[] {
  const own = uids.flatMap((uid) => poolsByUid.get(uid) ?? []);
  const asked = ids.flatMap((id) => byId.get(id) ?? []);
  return [...new Set([...asked, ...own])];
}

function messageOf(error: unknown): string {
  return `simulated world: ${error instanceof Error ? error.message : String(error)}`;
}
