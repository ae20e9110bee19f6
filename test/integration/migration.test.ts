import type { Db } from 'mongodb';
import { expect, inject, it, onTestFinished } from 'vitest';
import {
  type IndexDeclaration,
  SAGA_LOG_INDEXES,
} from '../../packages/saga/src/log/mongodb/saga-log-indexes.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import type { ConstraintReport } from '../../src/main/migration/migration-report.ts';
import { createTestDatabase } from '../support/database.ts';
import { openDb } from '../support/open-db.ts';
import { allocation, BOT, byId, putUser, users } from '../support/users.ts';

function databaseOf(db: Db): Db {
  if (db === undefined) throw new Error('the test connection is not open');
  return db;
}

const named = (constraints: readonly ConstraintReport[], name: string) =>
  constraints.find(({ constraint }) => constraint === name);

it('an empty database, migrated twice: everything made once, then everything present', async () => {
  const db = await createTestDatabase();
  const first = await migrate(db);
  expect(new Set(first.constraints.map(({ status }) => status))).toEqual(new Set(['created']));
  const second = await migrate(db);
  expect(new Set(second.constraints.map(({ status }) => status))).toEqual(new Set(['present']));
  expect(second.constraints.every(({ violations }) => violations.count === 0)).toBe(true);
});

it('migrated by eight processes at once: no error, every index there once', async () => {
  const db = await createTestDatabase();
  await Promise.all(Array.from({ length: 8 }, () => migrate(db)));
  const ledger = await databaseOf(db).collection('ledger').indexes();
  expect(ledger.map(({ name }) => name).sort()).toEqual([
    '_id_',
    'bot_settlements',
    'opId_unique',
    'user_content',
    'user_newest',
    'user_seq',
    'write_offs',
  ]);
});

it('users that break the schema: counted, named, kept; what is right can still be written', async () => {
  const db = await createTestDatabase();
  const bad = [
    await putUser(db, { balance: 77, bots: { [BOT]: allocation(50, '61.5') } }),
    await putUser(db, { balance: 77, bots: { [BOT]: allocation(50, -12.5) } }),
    await putUser(db, { balance: Number.NaN, bots: {} }),
    await putUser(db, { balance: 1, bots: { [BOT]: allocation(undefined, 5) } }),
  ];
  const good = await putUser(db, { balance: 1, bots: { 'a.b': allocation(1, null) } });
  await users(db).insertOne({ firebaseUid: 'uid-legacy', role: 'user' });
  const { constraints } = await migrate(db);
  const schema = named(constraints, 'users.schema');
  expect(schema?.violations.count).toBe(4);
  expect([...(schema?.violations.ids ?? [])].sort()).toEqual([...bad].sort());
  expect(await users(db).countDocuments()).toBe(6);
  const set = (userId: typeof good, value: unknown) =>
    users(db).updateOne(byId(userId), { $set: { 'paperWallet.balance': value } });
  await set(good, 2);
  for (const value of [-0.01, Number.NaN, Number.POSITIVE_INFINITY, '7', 1e13]) {
    await expect(set(good, value)).rejects.toMatchObject({ code: 121 });
  }
  // Moderate: what was broken before is not locked against its repair.
  const [first] = bad;
  if (first === undefined) throw new Error('no user');
  await set(first, 78);
});

it('more violations than a report should carry: all counted, twenty named', async () => {
  const db = await createTestDatabase();
  for (let n = 0; n < 23; n += 1) await putUser(db, { balance: 'x', bots: {} });
  const schema = named((await migrate(db)).constraints, 'users.schema');
  expect(schema?.violations.count).toBe(23);
  expect(schema?.violations.ids).toHaveLength(20);
});

it('two users with one firebaseUid: the index is reported missing and made once they differ', async () => {
  const db = await createTestDatabase();
  await putUser(db, { balance: 1, bots: {}, firebaseUid: 'twice' });
  const second = await putUser(db, { balance: 1, bots: {}, firebaseUid: 'twice' });
  await putUser(db, { balance: 1, bots: {} });
  const report = named((await migrate(db)).constraints, 'users.firebaseUid_1');
  expect(report).toEqual({
    constraint: 'users.firebaseUid_1',
    status: 'missing',
    violations: { count: 1, ids: ['twice'] },
  });
  await users(db).updateOne(byId(second), { $set: { firebaseUid: 'once' } });
  const again = named((await migrate(db)).constraints, 'users.firebaseUid_1');
  expect(again?.status).toBe('created');
});

it("the platform's own index on firebaseUid: left as it is", async () => {
  const db = await createTestDatabase();
  await users(db).createIndex({ firebaseUid: 1 }, { unique: true, sparse: true });
  const report = named((await migrate(db)).constraints, 'users.firebaseUid_1');
  expect(report?.status).toBe('present');
});

it("the platform's index of that name is not unique: ours stands beside it, or it is said who is there twice", async () => {
  const db = await createTestDatabase();
  await users(db).createIndex({ firebaseUid: 1 });
  await putUser(db, { balance: 1, bots: {}, firebaseUid: 'twice' });
  const second = await putUser(db, { balance: 1, bots: {}, firebaseUid: 'twice' });
  const report = named((await migrate(db)).constraints, 'users.firebaseUid_1');
  expect(report).toMatchObject({ status: 'missing', violations: { count: 1, ids: ['twice'] } });
  await users(db).updateOne(byId(second), { $set: { firebaseUid: 'once' } });
  const mended = named((await migrate(db)).constraints, 'users.firebaseUid_1');
  expect(mended?.status).toBe('repaired');
  await expect(putUser(db, { balance: 1, bots: {}, firebaseUid: 'once' })).rejects.toThrow(
    'duplicate key',
  );
  const names = (await users(db).indexes()).map(({ name }) => name);
  expect(names).toContain('firebaseUid_1');
  const again = named((await migrate(db)).constraints, 'users.firebaseUid_1');
  expect(again?.status).toBe('present');
});

const ONE_OPEN = 'sagas.one_open_saga_per_key';
const EXPIRY = 'sagas.forget_after_retention';

it.each([
  ['is not unique', ONE_OPEN, { key: { key: 1 } }],
  ['holds every saga', ONE_OPEN, { key: { key: 1 }, unique: true }],
  [
    'holds others',
    ONE_OPEN,
    { key: { key: 1 }, unique: true, partialFilterExpression: { open: false } },
  ],
  ['is of another field', ONE_OPEN, { key: { subject: 1 }, unique: true }],
  [
    'takes a and A for one',
    ONE_OPEN,
    {
      key: { key: 1 },
      unique: true,
      partialFilterExpression: { open: true },
      collation: { locale: 'en', strength: 1 },
    },
  ],
  ['expires later', EXPIRY, { key: { expireAt: 1 }, expireAfterSeconds: 86_400 }],
  ['never expires', EXPIRY, { key: { expireAt: 1 } }],
  [
    'has another name, and expires later',
    EXPIRY,
    { key: { expireAt: 1 }, expireAfterSeconds: 9, name: 'x' },
  ],
  [
    'lets sagas expire',
    'sagas.overdue',
    { key: { relayAt: 1 }, partialFilterExpression: { open: true }, expireAfterSeconds: 1 },
  ],
] as const)(
  'an index of ours that %s: made as it is declared',
  async (_, constraint, { key, ...options }) => {
    const db = await createTestDatabase();
    const sagas = databaseOf(db).collection('sagas');
    const [, name] = constraint.split('.');
    await sagas.createIndex({ ...key }, { name: String(name), ...options });
    const first = named((await migrate(db, SAGA_LOG_INDEXES)).constraints, constraint);
    expect(first?.violations.count).toBe(0);
    expect(['repaired', 'created']).toContain(first?.status);
    const again = await migrate(db, SAGA_LOG_INDEXES);
    expect(new Set(again.constraints.map(({ status }) => status))).toEqual(new Set(['present']));
    const declared = SAGA_LOG_INDEXES.find((index) => index.name === name);
    if (declared === undefined) throw new Error(`${name} is not declared`);
    const { collection: _collection, name: _name, ...wanted } = declared;
    const made = (await sagas.indexes()).filter(
      (index) => JSON.stringify(index.key) === JSON.stringify(wanted.key),
    );
    expect(made).toHaveLength(1);
    expect(made[0]).toMatchObject(wanted);
  },
);

it('an index of ours that is not unique, over what it should have refused: reported, and the old one stays', async () => {
  const db = await createTestDatabase();
  const sagas = databaseOf(db).collection('sagas');
  await sagas.createIndex({ key: 1 }, { name: 'one_open_saga_per_key' });
  await sagas.insertMany([
    { key: 'k', open: true },
    { key: 'k', open: true },
  ]);
  const report = named((await migrate(db, SAGA_LOG_INDEXES)).constraints, ONE_OPEN);
  expect(report).toMatchObject({ status: 'missing', violations: { count: 1, ids: ['k'] } });
  expect((await sagas.indexes()).map(({ name }) => name)).toContain('one_open_saga_per_key');
});

it("another module's indexes: made in the same way", async () => {
  const db = await createTestDatabase();
  const extra: IndexDeclaration = {
    collection: 'sagas',
    name: 'open_key',
    key: { key: 1 },
    unique: true,
    partialFilterExpression: { open: true },
  };
  const { constraints } = await migrate(db, [extra]);
  expect(named(constraints, 'sagas.open_key')?.status).toBe('created');
  const sagas = databaseOf(db).collection('sagas');
  await sagas.insertMany([
    { key: 'k', open: false },
    { key: 'k', open: true },
  ]);
  await expect(sagas.insertOne({ key: 'k', open: true })).rejects.toMatchObject({ code: 11_000 });
});

it('one unique index that cannot be made: named, and those that were to be made with it are there', async () => {
  const db = await createTestDatabase();
  const sagas = databaseOf(db).collection('sagas');
  await sagas.insertMany([
    { key: 'k', open: true },
    { key: 'k', open: true },
  ]);
  const { constraints } = await migrate(db, SAGA_LOG_INDEXES);
  expect(named(constraints, ONE_OPEN)).toEqual({
    constraint: ONE_OPEN,
    status: 'missing',
    violations: { count: 1, ids: ['k'] },
  });
  const others = SAGA_LOG_INDEXES.map(({ name }) => name).slice(1);
  const statuses = others.map((name) => named(constraints, `sagas.${name}`)?.status);
  expect(new Set(statuses)).toEqual(new Set(['created']));
  const there = (await sagas.indexes()).map(({ name }) => name);
  expect(there.toSorted()).toEqual(['_id_', ...others].toSorted());
});

it('a database that has none: the indexes of each collection in one command', async () => {
  const { databaseName: name } = await createTestDatabase();
  const options = { dbName: name, directConnection: true, monitorCommands: true };
  const watched = await openDb(inject('mongodbUri'), options);
  onTestFinished(() => watched.client.close());
  const collections: unknown[] = [];
  watched.client.on('commandStarted', ({ command }) => {
    if (command.createIndexes !== undefined) collections.push(command.createIndexes);
  });
  await migrate(watched, SAGA_LOG_INDEXES);
  expect(collections).toContain('sagas');
  expect(collections.toSorted()).toEqual([...new Set(collections)].toSorted());
});
