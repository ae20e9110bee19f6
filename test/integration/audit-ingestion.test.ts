// The platform's rows on their way into the ledger: each once, none lost, whatever they hold (I2, I11).

import { type Db, Decimal128, type Document, Double, Int32, Long, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { UserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoAuditLedger } from '../../src/wallet/audit/mongodb/audit-ledger.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createTestAudit } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, BOT, byId, platformSets, putUser, readUser, users } from '../support/users.ts';
import { lockCommand } from '../support/wallet-commands.ts';

const AT = new Date('2026-10-05T10:00:00.000Z');
const row = (amount: unknown, more: Document = {}) => ({
  type: 'deposit',
  amount,
  description: 'a deposit',
  timestamp: AT,
  ...more,
});

async function setUp(rows: readonly unknown[]) {
  const db = await createTestDatabase();
  await migrate(db);
  const userId = await putUser(db, {
    balance: 100,
    bots: { [BOT]: allocation(10, 12.25) },
    rows: rows as Document[],
  });
  const auditing = createTestAudit(db);
  const ledger = createMongoLedger({ db });
  const entries = async () => (await ledger.page(userId, { limit: 200 })).entries;
  return { db, userId, entries, ...auditing, ledger };
}

/** The opening: our first write. */
const open = (auditing: Awaited<ReturnType<typeof setUp>>) =>
  auditing.wallets.lock(lockCommand(auditing.userId));

/** The platform pays in and appends rows, in one write. */
async function payIn(db: Db, userId: UserId, amount: number, ...rows: readonly unknown[]) {
  await users(db).updateOne(byId(userId), {
    $inc: { 'paperWallet.balance': amount },
    $push: { walletTransactions: { $each: rows } },
  } as Document);
}

describe('names', () => {
  it('rows with an _id are named by it, others by their content and their place among equal ones', async () => {
    const _id = new ObjectId();
    const { auditUser, userId, entries } = await setUp([row(1, { _id }), row(2), row(2), row(3)]);
    expect(await auditUser(userId)).toMatchObject({ ingested: 4 });
    const opIds = (await entries()).map(({ opId }) => opId).sort();
    expect(opIds).toContain(`legacy.${userId}.${_id.toHexString()}`);
    const byContent = opIds.filter((opId) => /^legacy\.[0-9a-f]{24}\.[0-9a-f]{24}\.\d$/.test(opId));
    expect(byContent).toHaveLength(3);
    expect(byContent.filter((opId) => opId.endsWith('.1'))).toHaveLength(1);
    expect(new Set(opIds).size).toBe(4);
  });

  it('taken in again and again, and by many at once: nothing twice', async () => {
    const { auditUser, userId, entries, db } = await setUp([row(2), row(2), row(2)]);
    const others = Array.from({ length: 4 }, () => createTestAudit(db));
    await Promise.all(others.map((other) => other.auditUser(userId)));
    await auditUser(userId);
    expect(await entries()).toHaveLength(3);
  });

  it('equal rows that come one after the other and are erased, an audit between each: each is an entry', async () => {
    const auditing = await setUp([row(2), row(2)]);
    const { auditUser, userId, entries, db } = auditing;
    await auditUser(userId);
    await open(auditing);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { since: null } });
    for (let n = 0; n < 5; n += 1) {
      await payIn(db, userId, 2, row(2));
      const chain = { since: expect.any(String) };
      expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 1, chain });
      if (n < 3) continue;
      await users(db).updateOne(byId(userId), { $pop: { walletTransactions: -1 } } as Document);
      expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 0 });
    }
    const opIds = (await entries()).map(({ opId }) => opId);
    expect(opIds.map((opId) => opId.split('.').at(-1)).sort()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
  });

  it('the process ends between the posting and the checkpoint: the next audit posts nothing twice', async () => {
    const auditing = await setUp([row(2), row(3)]);
    const { db, userId, entries, checkpoints, auditUser } = auditing;
    await open(auditing);
    await payIn(db, userId, 4, row(2), row(2));
    const dying = createTestAudit(db, {
      checkpoints: {
        ...checkpoints,
        advance: async (id, revision, to) => {
          if (to.balance !== null) throw new Error('the process ends here');
          return checkpoints.advance(id, revision, to);
        },
      },
    });
    await expect(dying.auditUser(userId)).rejects.toThrow('ends here');
    expect(await entries()).toHaveLength(4);
    await payIn(db, userId, 2, row(2));
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { sum: '6' } });
    expect(await entries()).toHaveLength(5);
  });

  it('a save of the whole list that gives every row an _id: the same rows', async () => {
    const auditing = await setUp([row(2), row(2)]);
    const { db, userId, entries, auditUser } = auditing;
    await open(auditing);
    await payIn(db, userId, 6, row(3), row(3));
    await auditUser(userId);
    const { walletTransactions } = await readUser(db, userId);
    await platformSets(db, userId, {
      walletTransactions: walletTransactions.map((one: Document) => ({
        _id: new ObjectId(),
        timestamp: one.timestamp,
        description: one.description,
        amount: new Double(one.amount),
        type: one.type,
      })),
    });
    await payIn(db, userId, 3, row(3, { _id: 'new' }));
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 1 });
    expect(await entries()).toHaveLength(5);
  });

  it('one _id in the list twice: one entry, and what the balance makes of it is told', async () => {
    const auditing = await setUp([]);
    const { db, userId, entries, auditUser } = auditing;
    await open(auditing);
    await payIn(db, userId, 5, row(5, { _id: 'twin' }), row(5, { _id: 'twin' }));
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 1 });
    await payIn(db, userId, 0, row(5, { _id: 'twin' }));
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 0 });
    expect(await entries()).toHaveLength(1);
  });
});

describe('what rows hold', () => {
  it('before the opening: posted and not summed, with everything the row says', async () => {
    const auditing = await setUp([row(-50.005, { _id: 'a', balanceAfter: 50, botName: 'Alpha' })]);
    const { userId, entries, auditUser } = auditing;
    await open(auditing);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 0 } });
    expect(await entries()).toEqual([
      {
        opId: `legacy.${userId}.a`,
        type: 'deposit',
        amount: -50.005,
        amountMinor: -5000,
        currency: 'USD',
        exactValue: '-50.005',
        botId: '',
        botName: 'Alpha',
        description: 'a deposit',
        balanceAfter: 50,
        seq: 0,
        sagaId: null,
        source: 'platform',
        standing: 'before-opening',
        at: AT.toISOString(),
      },
    ]);
  });

  it('garbage of every kind: kept, said to be no money, summed as nothing, and every page can be read', async () => {
    const garbage = [
      row('12.50'),
      row(Number.NaN),
      row(Number.POSITIVE_INFINITY),
      row(null),
      row(undefined),
      row({ cents: 5 }),
      row([5]),
      row(1e13),
      row(true),
      { _id: 'empty' },
      'no row at all',
      42,
      null,
      [[row(1)]],
      row('x', { timestamp: 'yesterday', description: { a: 1 }, botId: 7, balanceAfter: 'y' }),
      row('x', { timestamp: new Date(8.64e15), _id: { odd: ['id'] } }),
      row('x', { timestamp: new Date(-1) }),
      row('x', { timestamp: Long.MAX_VALUE, opId: 5, seq: 'x' }),
    ];
    const auditing = await setUp(garbage);
    const { db, userId, auditUser, ledger } = auditing;
    await open(auditing);
    await payIn(db, userId, 0, ...garbage.filter((one) => one !== garbage[9]));
    // All of them twice, but those with an _id.
    const posted = 2 * garbage.length - 2;
    expect(await auditUser(userId)).toMatchObject({
      status: 'conserved',
      ingested: posted,
    });
    const observed: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await ledger.page(userId, { limit: 7, ...(cursor === null ? {} : { cursor }) });
      for (const entry of page.entries) {
        expect(entry).toMatchObject({ amount: null, amountMinor: null, exactValue: null });
        observed.push(entry.opId);
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(new Set(observed).size).toBe(posted);
    const found = await db.collection('ledger').distinct('amountFound');
    expect(found).toEqual(expect.arrayContaining(['"12.50"', 'NaN', 'Infinity', '{"cents":5}']));
  });

  it('amounts as the database keeps them: int64 cents, half to even, and the exact value', async () => {
    const amounts = [
      new Int32(5),
      Long.fromNumber(7),
      2.675,
      0.1,
      Decimal128.fromString('0.125'),
      -1e12,
    ];
    const { db, userId, auditUser } = await setUp(
      amounts.map((amount, n) => row(amount, { _id: `n${n}` })),
    );
    await auditUser(userId);
    const stored = await db
      .collection('ledger')
      .aggregate([
        { $sort: { position: 1 } },
        {
          $project: {
            _id: 0,
            minor: { $toString: '$amountMinor' },
            type: { $type: '$amountMinor' },
            exact: { $type: '$exactValue' },
            scale: 1,
          },
        },
      ])
      .toArray();
    expect(stored.map(({ minor }) => minor)).toEqual([
      '500',
      '700',
      '268',
      '10',
      '12',
      '-100000000000000',
    ]);
    for (const one of stored)
      expect(one).toMatchObject({ type: 'long', exact: 'decimal', scale: 2 });
  });

  it('5,000 rows of before: taken in by slices, an interrupted one goes on where it was', async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => row(n % 10));
    const auditing = await setUp(rows);
    const { db, userId, checkpoints, auditUser } = auditing;
    await open(auditing);
    let posts = 0;
    const ledger = createMongoAuditLedger(db);
    const dying = createTestAudit(db, {
      ledger: {
        ...ledger,
        post: async (postings) => {
          posts += 1;
          if (posts === 2) throw new Error('the process ends here');
          return ledger.post(postings);
        },
      },
    });
    await expect(dying.auditUser(userId)).rejects.toThrow('ends here');
    expect(await checkpoints.find(userId)).toMatchObject({ position: 2_000, balance: null });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 3_000 });
    expect(await db.collection('ledger').countDocuments({ userId })).toBe(5_000);
  });
});
