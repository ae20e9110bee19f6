// Trimming a user's list: exactly what the ledger holds, nothing else, and the books still add up (I11).

import { type Db, Decimal128, type Document } from 'mongodb';
import { expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import { stampedIncarnationId } from '../../src/domain/incarnation.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createTestAudit } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allocation,
  byId,
  INCARNATION,
  incarnationOf,
  platformDeposits,
  platformSets,
  putUser,
  readUser,
  SAGA_A,
  SAGA_B,
  users,
} from '../support/users.ts';
import { lockCommand, pay } from '../support/wallet-commands.ts';

const botId = (n: number) => toInstanceId(`uid-bot-${n}`);
const old = (n: number, more: Document = {}) => ({
  _id: `old-${n}`,
  type: 'deposit',
  amount: n,
  timestamp: new Date('2026-10-05T10:00:00Z'),
  ...more,
});

/** Ten rows of before, among them two without an _id; then our opening. */
async function setUp({ keep = 3 } = {}) {
  const db = await createTestDatabase();
  await migrate(db);
  const rows = Array.from({ length: 10 }, (_, n) =>
    n % 5 === 2 ? old(n, { _id: undefined }) : old(n),
  );
  const bots = Object.fromEntries([1, 2, 3].map((n) => [botId(n), allocation(10, 12.25)]));
  const userId = await putUser(db, { balance: 100, bots, rows: rows.map(withoutNothing) });
  const auditing = createTestAudit(db, { keep });
  const ledger = createMongoLedger({ db });
  const settle = async (n: number) => {
    const receipt = await pay(auditing.wallets, userId, { instanceId: botId(n) });
    await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
  };
  const names = async () =>
    (await readUser(db, userId)).walletTransactions.map(
      (row: Document) => row._id ?? row.opId?.slice(0, 6) ?? 'none',
    );
  return { db, userId, settle, names, ...auditing };
}

function withoutNothing(row: Document): Document {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** A day passes for everything the ledger holds. */
function age(db: Db, filter: Document = {}) {
  return db
    .collection('ledger')
    .updateMany(filter, [{ $set: { postedAt: { $subtract: ['$postedAt', 2 * 86_400_000] } } }]);
}

it('beyond the newest rows, a day in the ledger, with an identity: gone; everything else stays', async () => {
  const { db, userId, settle, names, auditAll } = await setUp();
  await settle(1);
  for (const n of [20, 21, 22]) await platformDeposits(db, userId, 1, { _id: `new-${n}` });
  await platformDeposits(db, userId, 5);
  await settle(2);
  expect(await auditAll()).toMatchObject({ users: 1, differences: 0 });
  expect(await names()).toHaveLength(16);
  await age(db, { _id: { $ne: `legacy.${userId}.old-4` } });
  expect(await auditAll()).toMatchObject({ differences: 0 });
  // The newest three: new-22, the deposit without an _id, our second settlement.
  expect(await names()).toEqual(['none', 'old-4', 'none', 'new-22', 'none', 'settle']);
  const { ledgerState, walletTransactions, __v } = await readUser(db, userId);
  // Of the ten rows of before, these three are still there.
  expect(ledgerState.openingRows).toBe(3);
  expect(ledgerState.trimmed).toEqual({ rows: 10, moved: Decimal128.fromString('2') });
  expect(walletTransactions[0]).toMatchObject({ amount: 2 });
  expect(__v).toBe(6);
});

it('after a trim the audit goes on where it was: equal rows, new rows and settlements add up', async () => {
  const { db, userId, settle, auditAll, auditUser } = await setUp({ keep: 1 });
  await settle(1);
  const equal = { type: 'deposit', amount: 2 };
  const payIn = () =>
    users(db).updateOne(byId(userId), {
      $inc: { 'paperWallet.balance': 2 },
      $push: { walletTransactions: equal },
    } as Document);
  await payIn();
  await payIn();
  await auditAll();
  await age(db);
  await auditAll();
  expect((await readUser(db, userId)).walletTransactions).toHaveLength(4);
  await payIn();
  await platformDeposits(db, userId, 3, { _id: 'later' });
  await settle(2);
  expect(await auditUser(userId)).toMatchObject({
    status: 'conserved',
    ingested: 2,
    chain: { entries: 3, sum: '17.25' },
  });
  await age(db);
  await auditAll();
  await settle(3);
  expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 0 });
  const equals = await db.collection('ledger').countDocuments({ userId, amount: 2 });
  // Three of them, and the one of before.
  expect(equals).toBe(4);
});

it('the checkpoint is lost after a trim: the sum still goes from the opening', async () => {
  const { db, userId, settle, auditAll, auditUser } = await setUp({ keep: 1 });
  await settle(1);
  await platformDeposits(db, userId, 0.07, { _id: 'a' });
  await platformDeposits(db, userId, 4, { _id: 'b' });
  await settle(2);
  await auditAll();
  await age(db);
  await auditAll();
  await db.collection('auditCheckpoints').deleteMany({});
  await platformDeposits(db, userId, 1);
  expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { since: null } });
});

it('never trimmed: without WALLET_TRANSACTIONS_KEPT, before an audit, or where a row stands twice', async () => {
  const { db, userId, settle, auditAll, wallets, names } = await setUp({ keep: 0 });
  await settle(1);
  await auditAll();
  await age(db);
  await auditAll();
  const all = (await readUser(db, userId)).walletTransactions;
  expect(all).toHaveLength(11);
  const nothingTakenIn = { userId, keep: 1, takenIn: { index: 0, trimmed: 0 } };
  expect(await wallets.trimRows(nothingTakenIn)).toBe(0);
  await platformSets(db, userId, { walletTransactions: [...all, ...all.slice(0, 2)] });
  const takenIn = { index: 13, trimmed: 0 };
  // Our settlement is among the newest three, and two rows have no _id.
  expect(await wallets.trimRows({ userId, keep: 3, takenIn })).toBe(6);
  expect(await names()).toEqual(['old-0', 'old-1', 'none', 'none', 'settle', 'old-0', 'old-1']);
});

it('the settlement of a bot without a date: its row stays, or an old copy would be paid again', async () => {
  const { db, userId, wallets, auditAll, names } = await setUp({ keep: 1 });
  const undated = allocation(10, 12.25, { allocatedAt: undefined });
  await platformSets(db, userId, { [`botAllocations.${botId(1)}`]: undated });
  const incarnation = incarnationOf(userId, botId(1), stampedIncarnationId(SAGA_A));
  const receipt = await pay(wallets, userId, { instanceId: botId(1), incarnation });
  await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
  await platformDeposits(db, userId, 1, { _id: 'later' });
  await auditAll();
  await age(db);
  await auditAll();
  await platformSets(db, userId, { 'ledgerState.settled': [] });
  expect(await names()).toEqual(['none', 'none', 'settle', 'later']);
  await platformSets(db, userId, { [`botAllocations.${botId(1)}`]: undated });
  expect(
    await wallets.lock(lockCommand(userId, { instanceId: botId(1), incarnation })),
  ).toMatchObject({ status: 'already-settled' });
});

it('a platform that pays in while rows are trimmed: nothing is lost, every audit adds up', async () => {
  const { db, userId, settle, auditAll, findingsOf } = await setUp({ keep: 5 });
  await settle(1);
  for (let n = 0; n < 40; n += 1) await platformDeposits(db, userId, 1, { _id: `p-${n}` });
  await auditAll();
  await age(db);
  let isOver = false;
  let paid = 40;
  const writing = async () => {
    while (!isOver) {
      await platformDeposits(db, userId, 1, { _id: `p-${paid}` });
      paid += 1;
    }
  };
  const writer = writing();
  for (let n = 0; n < 10; n += 1) {
    await auditAll();
    await age(db);
  }
  isOver = true;
  await writer;
  expect(await auditAll()).toMatchObject({ differences: 0, pending: 0 });
  expect(await findingsOf(userId)).toEqual([]);
  const { walletTransactions, ledgerState, paperWallet } = await readUser(db, userId);
  expect(walletTransactions.length + ledgerState.trimmed.rows).toBe(11 + paid);
  expect(paperWallet.balance).toBe(112.25 + paid);
  expect(await db.collection('ledger').countDocuments({ userId })).toBe(11 + paid);
});

const HOUR_MS = 60 * 60_000;

it.each([
  { name: 'undated', laterMs: HOUR_MS, of: () => undefined, paid: stampedIncarnationId(SAGA_A) },
  {
    name: 'dated by a clock that lags',
    laterMs: -HOUR_MS,
    of: (at: Date) => at,
    paid: INCARNATION,
  },
])(
  'a new allocation, $name, of a bot that was paid before: the rows that tell it from an old copy stay',
  async ({ laterMs, of, paid }) => {
    const { db, userId, wallets, auditAll, names } = await setUp({ keep: 1 });
    const instanceId = botId(1);
    const first = allocation(10, 12.25, paid === INCARNATION ? {} : { allocatedAt: undefined });
    await platformSets(db, userId, { [`botAllocations.${instanceId}`]: first });
    const incarnation = incarnationOf(userId, instanceId, paid);
    const receipt = await pay(wallets, userId, { instanceId, incarnation });
    await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    const timestamp = new Date(Date.now() + laterMs);
    const again = allocation(10, 12.25, { allocatedAt: of(timestamp) });
    await platformSets(db, userId, { [`botAllocations.${instanceId}`]: again });
    const setAside = { _id: 'aside', type: 'allocate', botId: instanceId, timestamp };
    await platformDeposits(db, userId, -10, setAside);
    await platformDeposits(db, userId, 1, { _id: 'later' });
    const settledOpId = async () => {
      const reading = await wallets.readAllocation(userId, instanceId);
      return reading.status === 'present' ? reading.allocation.settledOpId : reading.status;
    };
    expect(await settledOpId()).toBeNull();
    await auditAll();
    await age(db);
    await auditAll();
    await wallets.forgetSettled();
    expect(await names()).toEqual(['none', 'none', 'settle', 'aside', 'later']);
    expect(await settledOpId()).toBeNull();
    const now = incarnationOf(
      userId,
      instanceId,
      of(timestamp)?.toISOString() ?? stampedIncarnationId(SAGA_B),
    );
    const locked = await wallets.lock(
      lockCommand(userId, { instanceId, incarnation: now, sagaId: SAGA_B }),
    );
    expect(locked).toMatchObject({ status: 'locked' });
  },
);
