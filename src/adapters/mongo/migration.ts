// Brings a database to the constraints this program relies on, and says what in it breaks them. It
// never deletes or repairs a document: what violates is reported and kept, and a person decides. Safe to
// run at every start, and by several processes at once. I2, I8: the unique indexes are what makes
// "once" true when everything else has failed.

import { type Connection, mongo } from 'mongoose';
import { type IndexDeclaration, MONEY_INDEXES } from './indexes.ts';
import { nativeCollection } from './native.ts';
import { ORPHAN_SAMPLES } from './orphan-samples.ts';
import { RECONCILIATION_INDEXES } from './reconciliation-indexes.ts';
import { USERS_SCHEMA } from './users-schema.ts';

export interface MigrationReport {
  readonly constraints: readonly ConstraintReport[];
}

export interface ConstraintReport {
  /** `<collection>.<index, "schema" or "time-series">`. */
  readonly constraint: string;
  /** `missing`: it could not be made; the violations say why. */
  readonly status: 'created' | 'present' | 'missing';
  readonly violations: Violations;
}

interface Violations {
  readonly count: number;
  /** At most 20, as text; for a unique index the values that stand more than once. */
  readonly ids: readonly string[];
}

const MAX_REPORTED = 20;
const NONE: Violations = { count: 0, ids: [] };

const NAMESPACE_EXISTS = 48;
const DUPLICATE_KEY = 11_000;
/** Another index with this name or this key: made by somebody else, who is not overruled. */
const INDEX_CONFLICTS: ReadonlySet<unknown> = new Set([85, 86]);
/** Two processes building at once; the one who lost finds the work done. */
const BUSY: ReadonlySet<unknown> = new Set([112, 117, 12_587]);
const MAX_ATTEMPTS = 20;
const BUSY_PAUSE_MS = 100;

/** @param extraIndexes what other modules of this program declare, made in the same way. */
export async function migrate(
  connection: Connection,
  extraIndexes: readonly IndexDeclaration[] = [],
): Promise<MigrationReport> {
  const indexes = [...MONEY_INDEXES, ...RECONCILIATION_INDEXES, ...extraIndexes];
  // Before the indexes: making one would make an ordinary collection of it.
  const timeSeries = await ensureTimeSeries(connection);
  const fresh = await createCollections(connection, [
    ...new Set(['users', ...indexes.map(({ collection }) => collection)]),
  ]);
  const constraints = [timeSeries, await ensureSchema(connection)];
  constraints.push(...(await ensureIndexes(connection, indexes, fresh)));
  return { constraints };
}

/** @returns those that were not there. */
async function createCollections(
  connection: Connection,
  names: readonly string[],
): Promise<readonly string[]> {
  const created = await Promise.all(names.map((name) => createCollection(connection, name)));
  return names.filter((_, index) => created[index]);
}

async function createCollection(connection: Connection, name: string): Promise<boolean> {
  try {
    await databaseOf(connection).createCollection(name);
    return true;
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error;
    return false;
  }
}

// A collection that was made just now is empty: its indexes wait for no other's. Over data that is there already they
// are built one after the other, so that a server that works has one to build at a time.
async function ensureIndexes(
  connection: Connection,
  indexes: readonly IndexDeclaration[],
  fresh: readonly string[],
): Promise<readonly ConstraintReport[]> {
  const reports = new Map<IndexDeclaration, ConstraintReport>();
  const inTurn = async (some: readonly IndexDeclaration[]) => {
    for (const index of some) reports.set(index, await ensureIndex(connection, index));
  };
  await Promise.all(
    fresh.map((name) => inTurn(indexes.filter(({ collection }) => collection === name))),
  );
  await inTurn(indexes.filter(({ collection }) => !fresh.includes(collection)));
  return indexes.flatMap((index) => reports.get(index) ?? []);
}

async function ensureTimeSeries(connection: Connection): Promise<ConstraintReport> {
  const { collection, options } = ORPHAN_SAMPLES;
  const constraint = `${collection}.time-series`;
  try {
    await whenFree(() => databaseOf(connection).createCollection(collection, options));
    return { constraint, status: 'created', violations: NONE };
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error;
  }
  const [found] = await databaseOf(connection).listCollections({ name: collection }).toArray();
  if (found?.type === 'timeseries') return { constraint, status: 'present', violations: NONE };
  const ids = ['it is an ordinary collection, which never lets go of a sample'];
  return { constraint, status: 'missing', violations: { count: 1, ids } };
}

async function ensureSchema(connection: Connection): Promise<ConstraintReport> {
  const wanted = { $jsonSchema: USERS_SCHEMA };
  const [found] = await databaseOf(connection)
    .listCollections({ name: 'users' }, { nameOnly: false })
    .toArray();
  const options = found?.options;
  const isPresent =
    options?.validationLevel === 'moderate' &&
    options.validationAction === 'error' &&
    JSON.stringify(options.validator) === JSON.stringify(wanted);
  if (!isPresent) {
    await whenFree(() =>
      databaseOf(connection).command({
        collMod: 'users',
        validator: wanted,
        validationLevel: 'moderate',
        validationAction: 'error',
      }),
    );
  }
  return {
    constraint: 'users.schema',
    status: isPresent ? 'present' : 'created',
    violations: await findSchemaViolations(connection),
  };
}

async function findSchemaViolations(connection: Connection): Promise<Violations> {
  const users = nativeCollection(connection, 'users');
  const filter = { $nor: [{ $jsonSchema: USERS_SCHEMA }] };
  const sample = await users
    .find(filter, { projection: { _id: 1 }, limit: MAX_REPORTED })
    .toArray();
  const count = sample.length < MAX_REPORTED ? sample.length : await users.countDocuments(filter);
  return { count, ids: sample.map(({ _id }) => String(_id)) };
}

async function ensureIndex(
  connection: Connection,
  index: IndexDeclaration,
): Promise<ConstraintReport> {
  const { collection, key, ...options } = index;
  const constraint = `${collection}.${index.name}`;
  const existing = await databaseOf(connection).collection(collection).indexes();
  if (existing.some(({ name }) => name === index.name)) {
    return { constraint, status: 'present', violations: NONE };
  }
  try {
    await whenFree(() =>
      databaseOf(connection)
        .collection(collection)
        .createIndex(new Map(Object.entries(key)), options),
    );
    return { constraint, status: 'created', violations: NONE };
  } catch (error) {
    if (INDEX_CONFLICTS.has(codeOf(error))) {
      const ids = [error instanceof Error ? error.message : String(error)];
      return { constraint, status: 'missing', violations: { count: 1, ids } };
    }
    if (codeOf(error) !== DUPLICATE_KEY) throw error;
    const violations = await findDuplicates(connection, index);
    return { constraint, status: 'missing', violations };
  }
}

/** The values that a unique index would have to refuse. */
async function findDuplicates(
  connection: Connection,
  { collection, key, sparse, partialFilterExpression }: IndexDeclaration,
): Promise<Violations> {
  const fields = Object.keys(key);
  const isThere = Object.fromEntries(fields.map((field) => [field, { $exists: true }]));
  const group = Object.fromEntries(fields.map((field, n) => [`f${n}`, `$${field}`]));
  const [found] = await nativeCollection(connection, collection)
    .aggregate(
      [
        { $match: { ...partialFilterExpression, ...(sparse === true ? isThere : {}) } },
        { $group: { _id: group, count: { $sum: 1 } } },
        { $match: { count: { $gt: 1 } } },
        { $sort: { _id: 1 } },
        {
          $facet: {
            total: [{ $count: 'count' }],
            sample: [{ $limit: MAX_REPORTED }],
          },
        },
      ],
      { allowDiskUse: true },
    )
    .toArray();
  const sample: mongo.Document[] = found?.sample ?? [];
  return {
    count: found?.total[0]?.count ?? 0,
    ids: sample.map(({ _id }) => fields.map((_, n) => String(_id[`f${n}`])).join(', ')),
  };
}

/** Schema changes of two processes exclude each other: the second waits its turn. */
async function whenFree<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!BUSY.has(codeOf(error)) || attempt >= MAX_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof mongo.MongoServerError ? error.code : undefined;
}

function databaseOf(connection: Connection): mongo.Db {
  if (connection.db === undefined) throw new Error('the connection was never opened');
  return connection.db;
}
