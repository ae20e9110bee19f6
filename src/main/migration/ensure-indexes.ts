// The indexes of one collection as they are declared: made, found, or repaired. An index is identified by what it does
// (its keys, unique, sparse, its filter, its expiry, its collation) and not by its name: one that is called
// `one_open_saga_per_key` and is not unique keeps no promise (I8). In the collections that are ours alone a wrong one is
// dropped, after the right one is there; in `users`, which the platform shares, it stays beside the right one, or is
// reported where both cannot be.

import { isDeepStrictEqual } from 'node:util';
import { type IndexDeclaration, majorityCollection } from '@reclaim/saga/mongodb';
import type { Db, Document, IndexDescription, IndexDescriptionInfo } from 'mongodb';
import { type ConstraintReport, MAX_REPORTED, NONE, type Violations } from './migration-report.ts';
import { codeOf, whenFree } from './schema-change.ts';

const DUPLICATE_KEY = 11_000;
const NOT_FOUND = 27;
/** Another index with this name, or one that does almost the same. */
const CONFLICTS: ReadonlySet<unknown> = new Set([85, 86]);
/** Ours to repair, except in shared collections. */
const SHARED: ReadonlySet<string> = new Set(['users']);

/** Those of which nothing is there yet are made by one command, so that the collection is read once for all of them. */
export async function ensureIndexes(
  db: Db,
  collection: string,
  indexes: readonly IndexDeclaration[],
): Promise<readonly ConstraintReport[]> {
  const found = await existing(db, collection);
  const absent = indexes.filter((index) => !found.some((one) => isSimilar(one, index)));
  const made = new Set(await makeTogether(db, collection, absent));
  const reports: ConstraintReport[] = [];
  for (const index of indexes) {
    const report = made.has(index)
      ? reportOf(index, 'created')
      : await ensureIndex(db, index, found);
    reports.push(report);
  }
  return reports;
}

// MongoDB makes all of them or none: where one cannot be made, each is tried by itself, which says which one and why.
// @returns those that are made.
async function makeTogether(
  db: Db,
  collection: string,
  indexes: readonly IndexDeclaration[],
): Promise<readonly IndexDeclaration[]> {
  if (indexes.length === 0) return [];
  const described = indexes.map(describe);
  try {
    await whenFree(() => db.collection(collection).createIndexes(described));
    return indexes;
  } catch (error) {
    if (codeOf(error) !== DUPLICATE_KEY && !CONFLICTS.has(codeOf(error))) throw error;
    return [];
  }
}

async function ensureIndex(
  db: Db,
  index: IndexDeclaration,
  found: readonly Existing[],
): Promise<ConstraintReport> {
  const hasRight = found.some((one) => isAsDeclared(one, index));
  const wrong = found.find((one) => one.name === index.name && !isAsDeclared(one, index));
  const report = (status: ConstraintReport['status'], violations = NONE) =>
    reportOf(index, status, violations);
  if (wrong === undefined && hasRight) return report('present');
  const isOurs = !SHARED.has(index.collection);
  if (wrong !== undefined && isOurs && differsInExpiry(wrong, index)) {
    await changeExpiry(db, index);
    return report('repaired');
  }
  if (!hasRight) {
    const violations = await make(db, index, { isNameTaken: wrong !== undefined, isOurs });
    if (violations !== null) return report('missing', violations);
  }
  if (wrong === undefined) return report('created');
  if (isOurs) await drop(db, index.collection, index.name);
  return report(hasRight && !isOurs ? 'present' : 'repaired');
}

type Existing = IndexDescriptionInfo;

function reportOf(
  { collection, name }: IndexDeclaration,
  status: ConstraintReport['status'],
  violations = NONE,
): ConstraintReport {
  return { constraint: `${collection}.${name}`, status, violations };
}

function describe({ collection: _, key, ...options }: IndexDeclaration): IndexDescription {
  return { ...options, key: new Map(Object.entries(key)) };
}

function existing(db: Db, collection: string): Promise<Existing[]> {
  return db.collection(collection).indexes();
}

/** In its way, or perhaps in its place. */
function isSimilar(found: Existing, index: IndexDeclaration): boolean {
  return found.name === index.name || doesTheSame(found, index);
}

function isAsDeclared(found: Existing, index: IndexDeclaration): boolean {
  return doesTheSame(found, index) && found.expireAfterSeconds === index.expireAfterSeconds;
}

/** But for its expiry. */
function doesTheSame(found: Existing, index: IndexDeclaration): boolean {
  return (
    isDeepStrictEqual(Object.entries(found.key), Object.entries(index.key)) &&
    (found.unique ?? false) === (index.unique ?? false) &&
    (found.sparse ?? false) === (index.sparse ?? false) &&
    isDeepStrictEqual(found.partialFilterExpression, index.partialFilterExpression) &&
    found.collation === undefined
  );
}

function differsInExpiry(found: Existing, index: IndexDeclaration): boolean {
  return index.expireAfterSeconds !== undefined && doesTheSame(found, index);
}

async function changeExpiry(
  db: Db,
  { collection, name, expireAfterSeconds }: IndexDeclaration,
): Promise<void> {
  await whenFree(() => db.command({ collMod: collection, index: { name, expireAfterSeconds } }));
}

// @returns why it could not be made, or null.
async function make(
  db: Db,
  index: IndexDeclaration,
  { isNameTaken, isOurs }: { readonly isNameTaken: boolean; readonly isOurs: boolean },
): Promise<Violations | null> {
  const { collection } = index;
  const name = isNameTaken ? `${index.name}_as_declared` : index.name;
  const described = { ...describe(index), name };
  const create = () => db.collection(collection).createIndexes([described]);
  try {
    await whenFree(create);
    return null;
  } catch (error) {
    if (codeOf(error) === DUPLICATE_KEY) return findDuplicates(db, index);
    if (!CONFLICTS.has(codeOf(error))) throw error;
    const found = await existing(db, collection);
    // Another process was quicker.
    if (found.some((one) => isAsDeclared(one, index))) return null;
    // The two cannot stand beside each other: they differ in their expiry alone.
    const inTheWay = found.find((one) => doesTheSame(one, index));
    if (!isOurs || inTheWay?.name === undefined) {
      return { count: 1, ids: [error instanceof Error ? error.message : String(error)] };
    }
    await drop(db, collection, inTheWay.name);
    await whenFree(create);
    return null;
  }
}

async function drop(db: Db, collection: string, name: string): Promise<void> {
  try {
    await whenFree(() => db.collection(collection).dropIndex(name));
  } catch (error) {
    if (codeOf(error) !== NOT_FOUND) throw error;
  }
}

/** The values that a unique index would have to refuse. */
async function findDuplicates(
  db: Db,
  { collection, key, sparse, partialFilterExpression }: IndexDeclaration,
): Promise<Violations> {
  const fields = Object.keys(key);
  const isThere = Object.fromEntries(fields.map((field) => [field, { $exists: true }]));
  const group = Object.fromEntries(fields.map((field, n) => [`f${n}`, `$${field}`]));
  const [found] = await majorityCollection(db, collection)
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
  const sample: Document[] = found?.sample ?? [];
  return {
    count: found?.total[0]?.count ?? 0,
    ids: sample.map(({ _id }) => fields.map((_, n) => String(_id[`f${n}`])).join(', ')),
  };
}
