// Brings a database to the constraints this program relies on, and reports what in it breaks them. It
// never deletes or repairs a document: what violates is reported and kept, and a person decides. Safe to
// run at every start, and by several processes at once. I2, I8: the unique indexes are what makes
// "once" true when everything else has failed.

import { type IndexDeclaration, majorityCollection } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import { ORPHAN_SAMPLES } from '../../sync/mongodb/orphan-samples.ts';
import { RECONCILIATION_INDEXES } from '../../sync/mongodb/reconciliation-indexes.ts';
import { MONEY_INDEXES, USERS_SCHEMA } from '../../wallet/mongodb/indexes.ts';
import { ensureIndexes } from './ensure-indexes.ts';
import {
  type ConstraintReport,
  MAX_REPORTED,
  type MigrationReport,
  NONE,
  type Violations,
} from './migration-report.ts';
import { codeOf, whenFree } from './schema-change.ts';

const NAMESPACE_EXISTS = 48;
const UNAUTHORIZED = 13;

export interface MigrationOptions {
  /** False: a validator that is missing stays so; what breaks it is counted all the same. Default true. */
  readonly isValidatorWanted?: boolean;
}

/** The database user may not do what a migration needs. Its message names the right, and the ways out. */
export class MissingRightError extends Error {
  readonly code = 'MISSING_RIGHT';
}

/** @param extraIndexes what other modules of this program declare, made in the same way. */
export async function migrate(
  db: Db,
  extraIndexes: readonly IndexDeclaration[] = [],
  { isValidatorWanted = true }: MigrationOptions = {},
): Promise<MigrationReport> {
  const indexes = [...MONEY_INDEXES, ...RECONCILIATION_INDEXES, ...extraIndexes];
  // Before the indexes: making one would make an ordinary collection of it.
  const timeSeries = await ensureTimeSeries(db);
  const fresh = await createCollections(db, [
    ...new Set(['users', ...indexes.map(({ collection }) => collection)]),
  ]);
  const constraints = [timeSeries, await ensureSchema(db, isValidatorWanted)];
  constraints.push(...(await ensureAllIndexes(db, indexes, fresh)));
  return { constraints };
}

/** @returns those that were not there. */
async function createCollections(db: Db, names: readonly string[]): Promise<readonly string[]> {
  const created = await Promise.all(names.map((name) => createCollection(db, name)));
  return names.filter((_, index) => created[index]);
}

async function createCollection(db: Db, name: string): Promise<boolean> {
  try {
    await db.createCollection(name);
    return true;
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error;
    return false;
  }
}

// A collection that was made just now is empty: its indexes wait for no other's. Over data that is there already one
// collection after the other is read, so that a server that works has one build at a time.
async function ensureAllIndexes(
  db: Db,
  indexes: readonly IndexDeclaration[],
  fresh: readonly string[],
): Promise<readonly ConstraintReport[]> {
  const reports = new Map<string, ConstraintReport>();
  const ensure = async (name: string) => {
    const own = indexes.filter(({ collection }) => collection === name);
    for (const report of await ensureIndexes(db, name, own)) {
      reports.set(report.constraint, report);
    }
  };
  await Promise.all(fresh.map(ensure));
  const names = new Set(indexes.map(({ collection }) => collection));
  for (const name of names) if (!fresh.includes(name)) await ensure(name);
  return indexes.flatMap(({ collection, name }) => reports.get(`${collection}.${name}`) ?? []);
}

async function ensureTimeSeries(db: Db): Promise<ConstraintReport> {
  const { collection, options } = ORPHAN_SAMPLES;
  const constraint = `${collection}.time-series`;
  try {
    await whenFree(() => db.createCollection(collection, options));
    return { constraint, status: 'created', violations: NONE };
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error;
  }
  const [found] = await db.listCollections({ name: collection }, { nameOnly: false }).toArray();
  if (found?.type === 'timeseries') return { constraint, status: 'present', violations: NONE };
  const why = 'it is an ordinary collection, which never lets go of a sample';
  return { constraint, status: 'missing', violations: { count: 1, ids: [why] } };
}

async function ensureSchema(db: Db, isWanted: boolean): Promise<ConstraintReport> {
  const wanted = { $jsonSchema: USERS_SCHEMA };
  const [found] = await db.listCollections({ name: 'users' }, { nameOnly: false }).toArray();
  const options = found?.options;
  const isPresent =
    options?.validationLevel === 'moderate' &&
    options.validationAction === 'error' &&
    JSON.stringify(options.validator) === JSON.stringify(wanted);
  if (!isPresent && isWanted) await setValidator(db, wanted);
  return {
    constraint: 'users.schema',
    status: isPresent ? 'present' : isWanted ? 'created' : 'missing',
    violations: await findSchemaViolations(db),
  };
}

async function setValidator(db: Db, validator: Document): Promise<void> {
  const validation = { validator, validationLevel: 'moderate', validationAction: 'error' };
  try {
    await whenFree(() => db.command({ collMod: 'users', ...validation }));
  } catch (cause) {
    if (codeOf(cause) !== UNAUTHORIZED) throw cause;
    throw new MissingRightError(
      'the MongoDB user may not set the validator of `users` (collMod). Give it the role dbAdmin on the database ' +
        `${db.databaseName} for one start, or start without the validator: USERS_VALIDATOR=off`,
      { cause },
    );
  }
}

async function findSchemaViolations(db: Db): Promise<Violations> {
  const users = majorityCollection(db, 'users');
  const filter = { $nor: [{ $jsonSchema: USERS_SCHEMA }] };
  const sample = await users
    .find(filter, { projection: { _id: 1 }, limit: MAX_REPORTED })
    .toArray();
  const count = sample.length < MAX_REPORTED ? sample.length : await users.countDocuments(filter);
  return { count, ids: sample.map(({ _id }) => String(_id)) };
}
