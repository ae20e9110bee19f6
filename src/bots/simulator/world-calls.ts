// Reads and changes of the simulated world, combined: callers that wait at the same time share one find
// or one unordered bulkWrite. Changes are conditional on what they expect (the container's id), so a
// repeat or a late one does nothing. How long a silent MongoDB is
// waited for is the connection's business.

import { createGroupCommit } from '@reclaim/saga/mongodb';
import type { AnyBulkWriteOperation } from 'mongodb';
import type { ContainerFilters } from './container-filters.ts';
import { prepareWorld, type WorldCollection, type WorldDocument } from './world-documents.ts';

/** Fields with an index, by which documents are found. */
const VALUE_OF = {
  _id: ({ _id }: WorldDocument) => _id,
  containerId: (one: WorldDocument) => ('containerId' in one ? one.containerId : undefined),
  containerName: (one: WorldDocument) => ('containerName' in one ? one.containerName : undefined),
  uid: (one: WorldDocument) => ('uid' in one ? one.uid : undefined),
  pool: (one: WorldDocument) => ('pool' in one ? one.pool : undefined),
  'labels.instanceId': (one: WorldDocument) =>
    'labels' in one ? one.labels.instanceId : undefined,
  'labels.userId': (one: WorldDocument) => ('labels' in one ? one.labels.userId : undefined),
} as const;
export const KEYS = Object.keys(VALUE_OF) as (keyof typeof VALUE_OF)[];

/** Whatever has one of these values in one of these fields. */
export type WorldQuery = Partial<Readonly<Record<(typeof KEYS)[number], readonly string[]>>>;

export type WorldChange = AnyBulkWriteOperation<WorldDocument>;

export interface WorldCalls {
  readonly read: (query: WorldQuery) => Promise<readonly WorldDocument[]>;
  /** All that stands on one host and in its pools; with a limit so many containers that the filters may name. */
  readonly readHost: (
    host: string,
    filters: ContainerFilters,
    limit?: number,
  ) => Promise<readonly WorldDocument[]>;
  /** In any order. */
  readonly change: (changes: readonly WorldChange[]) => Promise<void>;
}

const MAX_BATCH = 500;

export function createWorldCalls(collectionOf: () => WorldCollection): WorldCalls {
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
      const found = await findAny(collectionOf(), queries);
      return queries.map((query) => pick(found, query));
    },
  });
  const change = createGroupCommit<readonly WorldChange[], void>({
    maxBatch: MAX_BATCH,
    flush: async (changes) => {
      await collectionOf().bulkWrite(changes.flat(), { ordered: false });
      return changes.map(() => undefined);
    },
  });
  return {
    read,
    readHost: async (host, { name, label }, limit = 0) => {
      await prepare();
      const filter = {
        host,
        ...(name === undefined ? {} : { containerName: { $regex: name.join('|') } }),
        ...(label === undefined ? {} : { labels: { $ne: {} } }),
      };
      const found = await collectionOf().find(filter).limit(limit).toArray();
      const containers = found as WorldDocument[];
      if (limit > 0) return containers;
      const pools = containers.flatMap((one) => (one.kind === 'pool' ? [one.containerName] : []));
      const inside = { pool: { $in: pools } };
      const programs = (await collectionOf().find(inside).toArray()) as WorldDocument[];
      return [...containers, ...programs];
    },
    change,
  };
}

type Found = ReadonlyMap<string, ReadonlyMap<unknown, readonly WorldDocument[]>>;

async function findAny(
  collection: WorldCollection,
  queries: readonly WorldQuery[],
): Promise<Found> {
  const wanted = KEYS.flatMap((key) => {
    const values = [...new Set(queries.flatMap((query) => query[key] ?? []))];
    return values.length === 0 ? [] : [{ key, values }];
  });
  if (wanted.length === 0) return new Map();
  const branches = wanted.map(({ key, values }) => ({ [key]: { $in: values } }));
  const documents = (await collection.find({ $or: branches }).toArray()) as WorldDocument[];
  return new Map(wanted.map(({ key }) => [key, Map.groupBy(documents, VALUE_OF[key])]));
}

function pick(found: Found, query: WorldQuery): readonly WorldDocument[] {
  const all = new Set<WorldDocument>();
  for (const key of KEYS) {
    for (const value of query[key] ?? []) {
      for (const document of found.get(key)?.get(value) ?? []) all.add(document);
    }
  }
  return [...all];
}
