// The audit against real wallets: what adds up, what does not, and where (I11).

import { type Db, Decimal128, type Document, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { parseExact } from '../../src/domain/exact-decimal.ts';
import { toInstanceId, type UserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { NO_PAST } from '../../src/wallet/mongodb/bot-pasts.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createMongoWalletReadings } from '../../src/wallet/mongodb/wallet-readings.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestAudit, type TestAuditOptions } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allocation,
  BOT,
  byId,
  incarnationOf,
  platformDeposits,
  platformSets,
  putUser,
  readUser,
  SAGA_A,
  SAGA_B,
  stamped,
  users,
} from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import { lockCommand, pay, settleCommand } from '../support/wallet-commands.ts';

interface Given {
  readonly balance?: unknown;
  readonly rows?: readonly Document[];
  readonly bots?: number;
  readonly options?: TestAuditOptions;
}

const botId = (n: number) => toInstanceId(`uid-bot-${n}`);

async function setUp({ balance = 100.5, rows = [], bots = 3, options = {} }: Given = {}) {
  const db = await createTestDatabase();
  await migrate(db);
  const held = Array.from({ length: bots }, (_, n) => [botId(n + 1), allocation(10, 12.25)]);
  const userId = await putUser(db, { balance, bots: Object.fromEntries(held), rows });
  const auditing = createTestAudit(db, options);
  const ledger = createMongoLedger({ db });
  const settle = async (n: number) => {
    const receipt = await pay(auditing.wallets, userId, { instanceId: botId(n) });
    await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    return receipt;
  };
  const entries = async () => (await ledger.page(userId, { limit: 200 })).entries;
  return { db, userId, settle, entries, ...auditing };
}

const row = (type: string, amount: unknown, more: Document = {}) => ({
  type,
  amount,
  botId: BOT,
  botName: 'Bot',
  description: `${type} of Bot`,
  timestamp: new Date('2026-10-05T10:00:00Z'),
  ...more,
});

function push(db: Db, userId: UserId, ...rows: Document[]) {
  return users(db).updateOne(byId(userId), {
    $push: { walletTransactions: { $each: rows } },
  } as Document);
}

const addToBalance = (db: Db, userId: UserId, amount: number) =>
  users(db).updateOne(byId(userId), { $inc: { 'paperWallet.balance': amount } });

describe('one incarnation of a bot, paid twice', () => {
  /** As a program without a memory of the bot would: a settlement under another stamp. */
  async function payAgain(db: Db, userId: UserId, bot: Document) {
    const wallets = createMongoWallets({ db, findPast: async () => NO_PAST });
    const receipts = [];
    for (const sagaId of [SAGA_A, SAGA_B]) {
      await platformSets(db, userId, { [`botAllocations.${BOT}`]: bot });
      const incarnation = stamped(userId, sagaId);
      const receipt = await pay(wallets, userId, { incarnation, sagaId });
      await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId });
      receipts.push(receipt);
      const forgotten = { 'ledgerState.settled': [], walletTransactions: [] };
      await platformSets(db, userId, forgotten);
    }
    return receipts;
  }

  it('an undated one: every payment has its entry, and it is different all the same, with a finding', async () => {
    const { db, userId, auditUser, findingsOf } = await setUp({ bots: 0 });
    const bot = allocation(10, 12.25, { allocatedAt: undefined });
    const [first, second] = await payAgain(db, userId, bot);
    expect(await auditUser(userId)).toMatchObject({
      status: 'different',
      chain: { difference: '0' },
      paidTwice: [{ botId: BOT, opId: second?.opId, first: first?.opId }],
    });
    const findings = await findingsOf(userId);
    expect(findings.map(({ kind, instanceId }) => ({ kind, instanceId }))).toEqual([
      { kind: 'paid-twice', instanceId: BOT },
    ]);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', paidTwice: [] });
    expect(await findingsOf(userId)).toHaveLength(1);
  });

  it('two incarnations of one id, each dated after the one before was paid: conserved', async () => {
    const { db, userId, settle, auditUser } = await setUp();
    await settle(1);
    const entry = await db.collection('ledger').findOne({});
    const allocatedAt = new Date(Number(entry?.at) + 1);
    await platformSets(db, userId, {
      [`botAllocations.${BOT}`]: allocation(10, 12.25, { allocatedAt }),
    });
    const incarnation = incarnationOf(userId, BOT, allocatedAt.toISOString());
    const receipt = await pay(createMongoWallets({ db }), userId, { incarnation });
    const ledger = createMongoLedger({ db });
    await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', paidTwice: [] });
  });
});

describe('what adds up', () => {
  it('settlements and deposits after the opening: conserved, from checkpoint to checkpoint', async () => {
    const { db, userId, settle, auditUser, findingsOf } = await setUp();
    await settle(1);
    expect(await auditUser(userId)).toMatchObject({
      status: 'conserved',
      chain: { since: null, start: '100.5', entries: 1, sum: '12.25', found: '112.75' },
    });
    await platformDeposits(db, userId, 0.1);
    await settle(2);
    const second = await auditUser(userId);
    expect(second).toMatchObject({
      status: 'conserved',
      ingested: 1,
      chain: { start: '112.75', entries: 2, sum: '12.35', found: '125.1', difference: '0' },
    });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 0 } });
    expect(await findingsOf(userId)).toEqual([]);
  });

  it('a settlement that is not posted yet: counted from its row, never posted under another name', async () => {
    const { userId, wallets, auditUser, entries } = await setUp();
    await pay(wallets, userId);
    expect(await auditUser(userId)).toMatchObject({
      status: 'conserved',
      ingested: 0,
      chain: { entries: 1, unposted: 1 },
    });
    expect(await entries()).toEqual([]);
  });

  it('adds up again with nothing new: what was suspected is over', async () => {
    const { userId, settle, auditUser, checkpoints } = await setUp();
    await settle(1);
    await auditUser(userId);
    const { revision = 0 } = (await checkpoints.find(userId)) ?? {};
    await checkpoints.suspect(userId, revision, { signature: '', observedAtMs: 1, sinceMs: 1 });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 0 } });
    expect(await checkpoints.find(userId)).toMatchObject({ suspicion: null });
  });

  it('our rows, dated after the reading that counted them by a clock that goes back, in a rewritten list: not counted again', async () => {
    const { db, userId, settle, auditUser } = await setUp();
    await settle(1);
    await settle(2);
    await auditUser(userId);
    await db.collection('auditCheckpoints').updateMany({}, { $set: { readAtMs: 1 } });
    const first = { $each: [row('profit', 1)], $position: 0 };
    await users(db).updateOne(byId(userId), { $push: { walletTransactions: first } } as Document);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
  });

  it('our row erased before anything saw it: known from the receipt, and from the ledger', async () => {
    const { db, userId, settle, auditUser } = await setUp();
    await settle(1);
    await platformSets(db, userId, { walletTransactions: [] });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
    await settle(2);
    await platformSets(db, userId, { walletTransactions: [], 'ledgerState.settled': [] });
    for (const entries of [1, 0]) {
      expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries } });
    }
  });

  it('a save of the whole list that drops our fields: our row is still ours', async () => {
    const { db, userId, settle, auditUser, entries } = await setUp();
    const stripOurs = async () => {
      const { walletTransactions } = await readUser(db, userId);
      const stripped = walletTransactions.map(
        ({ opId: _o, seq: _s, pnl: _p, ...rest }: Document) => ({
          _id: new ObjectId(),
          ...rest,
        }),
      );
      await platformSets(db, userId, { walletTransactions: stripped });
    };
    await settle(1);
    await stripOurs();
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
    await platformDeposits(db, userId, 5);
    await settle(2);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 2 } });
    await stripOurs();
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 0 } });
    expect(await entries()).toHaveLength(3);
  });

  it('profits and losses: they count where the balance moved, and inform where it did not', async () => {
    const { db, userId, settle, auditUser, entries } = await setUp({ balance: 100 });
    await settle(1);
    const before = 112.25;
    await push(
      db,
      userId,
      row('profit', 7, { balanceAfter: before, description: 'stays in the bot' }),
      row('loss', 3, { balanceAfter: before }),
      row('profit', 2.5, { balanceAfter: before + 2.5, description: 'reaches the wallet' }),
      row('loss', 1, { balanceAfter: before + 1.5 }),
      row('loss', -0.5, { balanceAfter: before + 1 }),
      row('profit', 9),
    );
    await addToBalance(db, userId, 1);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { sum: '13.25' } });
    const standings = (await entries()).map(({ standing }) => standing).sort();
    expect(standings.filter((standing) => standing === 'informational')).toHaveLength(3);
    expect(standings.filter((standing) => standing === 'counted')).toHaveLength(4);
  });

  it('withdrawals and allocations take away, whichever sign they are written with', async () => {
    const { db, userId, settle, auditUser } = await setUp({ balance: 100 });
    await settle(1);
    await push(
      db,
      userId,
      row('withdraw', 10),
      row('withdraw', -5),
      row('allocate', -20, { balanceAfter: 77.25 }),
      row('allocate', 7.25, { balanceAfter: 70 }),
      row('deposit', -1),
      row('deallocate', 31),
    );
    await addToBalance(db, userId, 100 - 112.25);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { found: '100' } });
  });

  it('what doubles lose in a hundred additions: no difference', async () => {
    const { db, userId, settle, auditUser } = await setUp({ balance: 0.1 });
    await settle(1);
    for (let n = 0; n < 100; n += 1) {
      await users(db).updateOne(byId(userId), {
        $inc: { 'paperWallet.balance': 0.1 },
        $push: { walletTransactions: { type: 'deposit', amount: 0.1 } },
      } as Document);
    }
    const { balance } = (await readUser(db, userId)).paperWallet;
    expect(balance).not.toBe(22.35);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 100 });
  });

  it("a row whose balance was written before the opening and itself after it: the opening's own", async () => {
    const { db, userId, wallets, auditUser } = await setUp({ balance: 150 });
    await wallets.lock(lockCommand(userId));
    await push(db, userId, row('deposit', 50, { balanceAfter: 150 }));
    await wallets.settle(settleCommand(userId));
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { sum: '12.25' } });
  });

  it('the platform keeps so many rows, and pays in before the first audit: its row counts wherever it stands', async () => {
    const before = [row('deposit', 60), row('deposit', 40.5, { balanceAfter: 100.5 })];
    const { db, userId, settle, auditUser } = await setUp({ rows: before });
    const keepTwo = () =>
      users(db).updateOne(byId(userId), {
        $push: { walletTransactions: { $each: [], $slice: -2 } },
      } as Document);
    await settle(1);
    await platformDeposits(db, userId, 5);
    await keepTwo();
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { sum: '17.25' } });
  });

  it('what was set aside comes back before the first audit, and the balance is that of before: conserved', async () => {
    const { db, userId, wallets, auditUser } = await setUp({ balance: 100 });
    const bot = { instanceId: botId(9), botName: 'Bot 9' };
    await wallets.reserve({ userId, opId: 'reserve.nine', amountMinor: 1_000, ...bot });
    await platformDeposits(db, userId, 10, { type: 'deallocate', botId: bot.instanceId });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { sum: '0' } });
  });

  it('nobody ever wrote on the user: not ours, and the history is taken in all the same', async () => {
    const { db, userId, auditUser, entries, wallets } = await setUp({
      balance: 7,
      rows: [row('deposit', 5), row('deposit', 2)],
    });
    expect(await auditUser(userId)).toMatchObject({ status: 'not-ours', ingested: 2 });
    expect(await entries()).toHaveLength(2);
    await platformDeposits(db, userId, 1);
    await wallets.lock(lockCommand(userId));
    await platformDeposits(db, userId, 3);
    expect(await auditUser(userId)).toMatchObject({
      status: 'conserved',
      ingested: 2,
      chain: { start: '8', sum: '3' },
    });
    const standings = (await entries()).map(({ standing }) => standing).sort();
    expect(standings).toEqual(['before-opening', 'before-opening', 'before-opening', 'counted']);
    expect((await readUser(db, userId)).ledgerState.openingRows).toBe(3);
  });

  it('no such user: gone', async () => {
    const { auditUser } = await setUp();
    const userId = new ObjectId().toHexString() as UserId;
    expect(await auditUser(userId)).toMatchObject({ status: 'account-gone', ingested: 0 });
  });
});

describe('money that went nowhere', () => {
  it('an account that is gone: its write-off is listed, and nowhere summed', async () => {
    const { db, userId, settle, auditUser, auditAll } = await setUp();
    await settle(1);
    const gone = await putUser(db, { balance: 1, bots: {} });
    await users(db).deleteOne(byId(gone));
    for (const [opId, lost] of [
      ['w.1', gone],
      ['w.2', userId],
    ] as const) {
      const entry = { opId, userId: lost, instanceId: BOT, botName: 'Bot', value: 2.675 };
      await createMongoLedger({ db }).writeOff({ ...entry, sagaId: SAGA_A });
    }
    expect(await auditUser(gone)).toMatchObject({
      status: 'account-gone',
      writeOffs: { count: 1, newest: [{ opId: 'w.1', amountMinor: 268 }] },
    });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
    expect(await auditAll()).toMatchObject({ users: 1, differences: 0, writeOffs: { count: 2 } });
  });
});

describe('what does not add up', () => {
  it('a change without a row: one finding, named, and the chain goes on from what it saw', async () => {
    const { db, userId, settle, auditUser, findingsOf, differences } = await setUp();
    const { opId } = await settle(1);
    await auditUser(userId);
    await platformDeposits(db, userId, 1, { _id: 'first' });
    await addToBalance(db, userId, 0.01);
    await platformDeposits(db, userId, 2, { _id: 'second' });
    const named = {
      expected: '115.75',
      found: '115.76',
      difference: '0.01',
      after: `legacy.${userId}.first`,
      before: `legacy.${userId}.second`,
      missing: [],
    };
    expect(await auditUser(userId)).toMatchObject({ status: 'different', chain: named });
    expect(await findingsOf(userId)).toMatchObject([
      { kind: 'unrecorded-change', observed: 1, evidence: named },
    ]);
    expect(differences).toHaveLength(1);
    expect(await auditUser(userId)).toMatchObject({
      status: 'conserved',
      chain: { start: '115.76' },
    });
    await settle(2);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved' });
    expect(await findingsOf(userId)).toHaveLength(1);
    expect(opId).toMatch(/^settle\./);
    const { balance } = (await readUser(db, userId)).paperWallet;
    expect(balance).toBe(128.01);
  });

  it('a change after the last entry: after it, before nothing', async () => {
    const { db, userId, settle, auditUser } = await setUp();
    const { opId } = await settle(1);
    await addToBalance(db, userId, -50);
    expect(await auditUser(userId)).toMatchObject({
      status: 'different',
      chain: { difference: '-50', after: opId, before: null },
    });
  });

  it("a row of the platform erased before an audit saw it: the balance's change is a finding", async () => {
    const { db, userId, settle, auditUser } = await setUp();
    await settle(1);
    await auditUser(userId);
    await platformDeposits(db, userId, 40, { _id: 'gone' });
    await users(db).updateOne(byId(userId), {
      $pull: { walletTransactions: { _id: 'gone' } },
    } as Document);
    expect(await auditUser(userId)).toMatchObject({
      status: 'different',
      chain: { difference: '40' },
    });
  });

  it('rows erased after an audit took them in: nothing is missing', async () => {
    const { db, userId, settle, auditUser } = await setUp({ rows: [row('deposit', 1)] });
    await settle(1);
    await platformDeposits(db, userId, 40, { _id: 'gone' });
    await platformDeposits(db, userId, 2);
    await auditUser(userId);
    await users(db).updateOne(byId(userId), {
      $pull: { walletTransactions: { _id: 'gone' } },
    } as Document);
    await platformDeposits(db, userId, 3);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
  });

  it('a stale save of the whole document: what it took back is a finding; paid again, it adds up', async () => {
    const { db, userId, settle, auditUser, wallets } = await setUp();
    await settle(1);
    await auditUser(userId);
    const stale = await readUser(db, userId);
    await settle(2);
    await auditUser(userId);
    await users(db).replaceOne(byId(userId), stale);
    expect(await auditUser(userId)).toMatchObject({
      status: 'different',
      chain: { difference: '-12.25' },
    });
    await pay(wallets, userId, { instanceId: botId(2) });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
  });

  it.each([
    ['another audit', true, 0],
    ['any audit', false, 0],
    ['another audit, and its number is given out again', true, 1],
  ])(
    'a stale save of the whole document takes back a payment that came after %s: different, once, and offered',
    async (_, isAudited, paidAfter) => {
      const { db, userId, settle, auditUser, findingsOf } = await setUp();
      await settle(1);
      if (isAudited) await auditUser(userId);
      const stale = await readUser(db, userId);
      const { opId } = await settle(2);
      await users(db).replaceOne(byId(userId), stale);
      if (paidAfter > 0) await settle(3);
      expect(await auditUser(userId)).toMatchObject({
        status: 'different',
        chain: { difference: '-12.25' },
      });
      expect(await findingsOf(userId)).toMatchObject([{ evidence: { undone: [opId] } }]);
      await settle(paidAfter > 0 ? 2 : 3).catch(() => null);
      expect(await auditUser(userId)).toMatchObject({ status: 'conserved' });
      // In a list that was rewritten, every row is looked at again.
      const first = { $each: [row('profit', 1)], $position: 0 };
      await users(db).updateOne(byId(userId), { $push: { walletTransactions: first } } as Document);
      expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
      expect(await findingsOf(userId)).toHaveLength(1);
    },
  );

  it('readings that do not show yet what is paid at their moment: conserved, each time', async () => {
    const { db, userId, settle, auditUser } = await setUp({ bots: 7 });
    const readings = createMongoWalletReadings(db);
    let paid = 1;
    const read: typeof readings.read = async (...query) => {
      const reading = await readings.read(...query);
      paid += 1;
      await settle(paid);
      const later = await readings.read(...query);
      return reading && later && { ...reading, readAtMs: later.readAtMs };
    };
    await settle(1);
    await auditUser(userId);
    const behind = createTestAudit(db, { readings: { ...readings, read } });
    for (const entries of [0, 1, 1]) {
      expect(await behind.auditUser(userId)).toMatchObject({
        status: 'conserved',
        chain: { entries },
      });
    }
    expect(paid).toBe(4);
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved', chain: { entries: 1 } });
  });

  it('a stale save takes back the first of three payments of one amount: that one is offered', async () => {
    const { db, userId, settle, auditUser, findingsOf } = await setUp({ balance: 100 });
    const { botAllocations } = await readUser(db, userId);
    const { opId } = await settle(1);
    const deposit = row('deposit', 3, { _id: new ObjectId(), balanceAfter: 103 });
    const saved = { 'paperWallet.balance': 103, walletTransactions: [deposit], botAllocations };
    await platformSets(db, userId, saved);
    await settle(2);
    await settle(3);
    expect(await auditUser(userId)).toMatchObject({
      status: 'different',
      chain: { difference: '-12.25' },
    });
    expect(await findingsOf(userId)).toMatchObject([{ evidence: { undone: [opId] } }]);
  });

  it('a sequence number that nothing is known of: said, with the difference it leaves', async () => {
    const { db, userId, settle, auditUser } = await setUp();
    await settle(1);
    await auditUser(userId);
    await settle(2);
    await platformSets(db, userId, { walletTransactions: [], 'ledgerState.settled': [] });
    await db.collection('ledger').deleteMany({ seq: 2 });
    expect(await auditUser(userId)).toMatchObject({
      status: 'different',
      chain: { difference: '12.25', missing: [2] },
    });
  });

  it('a balance that is no number: said once, and the chain waits for one that is', async () => {
    const { db, userId, settle, auditUser, findingsOf } = await setUp();
    await settle(1);
    await auditUser(userId);
    await platformSets(db, userId, { 'paperWallet.balance': Number.NaN });
    expect(await auditUser(userId)).toMatchObject({ status: 'not-money', found: 'NaN' });
    const found = await waitFor('the finding', async () => {
      await auditUser(userId);
      const findings = await findingsOf(userId);
      return findings.length > 0 && findings;
    });
    expect(found).toMatchObject([{ evidence: { found: 'NaN' } }]);
    await platformSets(db, userId, { 'paperWallet.balance': 112.75 });
    expect(await auditUser(userId)).toMatchObject({ status: 'conserved' });
  });

  it('two audits at once: one finding, one checkpoint', async () => {
    const { db, userId, settle, auditUser, findingsOf, differences } = await setUp();
    await settle(1);
    await addToBalance(db, userId, 3);
    await platformDeposits(db, userId, 1);
    const statuses = await Promise.all(Array.from({ length: 4 }, () => auditUser(userId)));
    expect(statuses.map(({ status }) => status)).toContain('different');
    expect(differences).toHaveLength(1);
    expect(await findingsOf(userId)).toHaveLength(1);
  });
});

it('a balance with more digits than a double holds: the opening is that balance, to the last one, stored and read (I11)', async () => {
  const db = await createTestDatabase();
  await migrate(db);
  const digits = '123456789012.123456789';
  const balance = Decimal128.fromString(digits);
  const userId = await putUser(db, { balance, bots: { [BOT]: allocation(2, 3) } });
  await createMongoWallets({ db }).lock(lockCommand(userId));
  expect(String((await readUser(db, userId)).ledgerState.opening)).toBe(digits);
  const reading = await createMongoWalletReadings(db).read(userId, {
    ...{ from: 'start', limit: 1, receiptsAfter: 0 },
  });
  expect(reading?.ledgerState?.opening).toBe(parseExact(digits));
});
