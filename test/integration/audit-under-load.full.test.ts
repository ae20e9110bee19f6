// The audit while everybody writes: no false alarm, and nothing real missed (I11).

import type { Collection, Document } from 'mongodb';
import { expect, it } from 'vitest';
import { toInstanceId, type UserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createTestAudit, NEVER, type TestAuditOptions } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, byId, platformDeposits, putUser, SAGA_A, users } from '../support/users.ts';
import { pay } from '../support/wallet-commands.ts';

async function setUp(options: TestAuditOptions = {}) {
  const db = await createTestDatabase();
  await migrate(db);
  const ids = Array.from({ length: 60 }, (_, n) => toInstanceId(`uid-bot-${n}`));
  const bots = Object.fromEntries(ids.map((id, n) => [id, allocation(10, 10 + n / 100)]));
  const userId = await putUser(db, { balance: 0.1, bots });
  const auditing = createTestAudit(db, options);
  const [first, ...rest] = ids;
  if (first === undefined) throw new Error('no bots');
  await pay(auditing.wallets, userId, { instanceId: first });
  return { db, userId, instanceIds: rest, ...auditing };
}

/** A writer that sets the balance and appends its row in two writes, as old code does. */
async function depositInTwoWrites(
  users: Collection<Document>,
  userId: UserId,
  isRowFirst: boolean,
): Promise<void> {
  const writes = [
    () => users.updateOne(byId(userId), { $inc: { 'paperWallet.balance': 0.1 } }),
    () =>
      users.updateOne(byId(userId), {
        $push: { walletTransactions: { type: 'deposit', amount: 0.1 } },
      } as Document),
  ];
  for (const write of isRowFirst ? writes.reverse() : writes) await write();
}

it('deposits and settlements hammering on one wallet: every audit adds up, from checkpoint to checkpoint', async () => {
  const { db, userId, instanceIds, wallets, auditUser, findingsOf } = await setUp();
  const ledger = createMongoLedger({ db });
  let isOver = false;
  const deposits = async () => {
    while (!isOver) await platformDeposits(db, userId, 0.1);
  };
  const settlements = async () => {
    for (const instanceId of instanceIds) {
      const receipt = await pay(wallets, userId, { instanceId });
      await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    }
    isOver = true;
  };
  const audits: unknown[] = [];
  const other = createTestAudit(db);
  const auditing = async (audit: typeof auditUser) => {
    while (!isOver) audits.push((await audit(userId).catch((error) => error.code)).status);
  };
  await Promise.all([
    deposits(),
    deposits(),
    settlements(),
    auditing(auditUser),
    auditing(other.auditUser),
  ]);
  expect(audits.length).toBeGreaterThan(10);
  // An audit that lost to the other five times has no answer of its own.
  expect(new Set(audits.filter((status) => status !== undefined))).toEqual(new Set(['conserved']));
  expect(await auditUser(userId)).toMatchObject({
    status: 'conserved',
    chain: { difference: '0' },
  });
  expect(await findingsOf(userId)).toEqual([]);
  const rows = await users(db).findOne(byId(userId));
  const posted = await db.collection('ledger').countDocuments({ source: 'platform' });
  expect(posted).toBe(rows?.walletTransactions.length - 60);
});

it('writers that take two writes, hammering: never a finding, and in order when they rest', async () => {
  const { db, userId, auditUser, findingsOf, audit } = await setUp();
  let isOver = false;
  const writing = async (isRowFirst: boolean) => {
    while (!isOver) await depositInTwoWrites(users(db), userId, isRowFirst);
  };
  const writers = [writing(true), writing(false), writing(false)];
  const statuses: string[] = [];
  for (let n = 0; n < 15; n += 1) {
    statuses.push((await audit.auditUser(userId, { signal: NEVER })).status);
  }
  isOver = true;
  await Promise.all(writers);
  expect(statuses).not.toContain('different');
  expect(await auditUser(userId)).toMatchObject({ status: 'conserved' });
  expect(await findingsOf(userId)).toEqual([]);
});

it('a real change on a wallet that never rests: a finding when no observation has added up for long', async () => {
  const rules = { stillForMs: 5, busyForMs: 150 };
  const { db, userId, auditUser, findingsOf } = await setUp({ rules });
  await auditUser(userId);
  await users(db).updateOne(byId(userId), { $inc: { 'paperWallet.balance': 77 } });
  let isOver = false;
  const writing = async () => {
    while (!isOver) await platformDeposits(db, userId, 0.1);
  };
  const writer = writing();
  let status = 'pending';
  while (status === 'pending') ({ status } = await auditUser(userId));
  isOver = true;
  await writer;
  expect(status).toBe('different');
  const [finding] = await findingsOf(userId);
  expect(Number(finding?.evidence.difference)).toBeCloseTo(77, 9);
});

it('all users while they are written at: each seen once, differences named, the rest in order', async () => {
  const { db, userId, auditAll } = await setUp();
  const { wallets } = createTestAudit(db);
  const bot = toInstanceId('uid-bot-1');
  const others = await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const id = await putUser(db, { balance: n, bots: { [bot]: allocation(1, 2) } });
      await pay(wallets, id, { instanceId: bot });
      return id;
    }),
  );
  await putUser(db, { balance: 5, bots: {} });
  const robbed = others[7];
  if (robbed === undefined) throw new Error('no user');
  await users(db).updateOne(byId(robbed), { $inc: { 'paperWallet.balance': -1 } });
  let isOver = false;
  const writing = async () => {
    while (!isOver) await platformDeposits(db, userId, 0.1);
  };
  const writer = writing();
  const report = await auditAll();
  isOver = true;
  await writer;
  expect(report).toMatchObject({
    users: 31,
    differences: 1,
    pending: 0,
    failed: 0,
    isComplete: true,
    firstDifferences: [{ userId: robbed, difference: '-1' }],
    writeOffs: { count: 0, newest: [] },
  });
  expect(await auditAll()).toMatchObject({ users: 31, differences: 0, firstDifferences: [] });
});

it('told to stop: it reports how far it came', async () => {
  const { audit } = await setUp();
  const report = await audit.auditAll({ signal: AbortSignal.abort() });
  expect(report).toMatchObject({ users: 0, isComplete: false });
});
