// The settlement among everything that happens to it in production: races, a platform that goes on
// writing, long histories and lost replies (I2, I5, I6, I11).

import { BSON, type Db, type Document } from 'mongodb';
import { expect, it } from 'vitest';
import { HoldError, InDoubtError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { toInstanceId, type UserId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allocation,
  BOT,
  byId,
  incarnationOf,
  platformSets,
  putUser,
  readUser,
  SAGA_A,
  users,
} from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import { lockCommand, pay, settleCommand } from '../support/wallet-commands.ts';
import { connectThroughWire } from '../support/wired-connection.ts';

async function setUp(balance: unknown, bot: unknown) {
  const db = await createTestDatabase();
  const userId = await putUser(db, { balance, bots: { [BOT]: bot } });
  return { db, userId, wallets: createMongoWallets({ db }) };
}

/** What the database itself makes of opening + everything returned, in Decimal128. */
async function expectConserved(db: Db, userId: UserId): Promise<void> {
  const [sums] = await users(db)
    .aggregate([
      { $match: byId(userId) },
      {
        $project: {
          balance: { $toDecimal: '$paperWallet.balance' },
          expected: {
            $sum: [
              '$ledgerState.opening',
              {
                $sum: {
                  $map: {
                    input: '$walletTransactions',
                    as: 'row',
                    in: { $toDecimal: '$$row.amount' },
                  },
                },
              },
            ],
          },
        },
      },
      { $project: { difference: { $subtract: ['$balance', '$expected'] } } },
    ])
    .toArray();
  expect(Number(sums?.difference)).toBe(0);
}

it('100 settlements of one incarnation at once, from two processes: one payment, one receipt', async () => {
  const { db, userId, wallets } = await setUp(17331, allocation(1105, 1105));
  const others = createMongoWallets({ db });
  await wallets.lock(lockCommand(userId));
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, n) => (n % 2 ? wallets : others).settle(settleCommand(userId))),
  );
  expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  const user = await readUser(db, userId);
  expect(user.paperWallet.balance).toBe(18436);
  expect(user.walletTransactions).toHaveLength(1);
});

it('settling and aborting at the same moment: exactly one of them wins, every time', async () => {
  const { db, wallets } = await setUp(0, allocation(1, 1));
  const others = createMongoWallets({ db });
  for (let round = 0; round < 40; round += 1) {
    const userId = await putUser(db, { balance: 0, bots: { [BOT]: allocation(1, 1) } });
    await wallets.lock(lockCommand(userId));
    const [settle, abort] = await Promise.all([
      wallets.settle(settleCommand(userId)),
      others.abortSettlement(settleCommand(userId, { epoch: 1 })),
    ]);
    const { balance } = (await readUser(db, userId)).paperWallet;
    const outcome = { settle: settle.status, abort, balance };
    expect([
      { settle: 'settled', abort: 'settled', balance: 1 },
      { settle: 'fenced', abort: 'aborting', balance: 0 },
    ]).toContainEqual(outcome);
  }
});

it('deposits racing with 200 settlements on one wallet: conserved to the last decimal', async () => {
  const db = await createTestDatabase();
  const wallets = createMongoWallets({ db });
  const ids = Array.from({ length: 200 }, (_, n) => toInstanceId(`uid-bot-${n}`));
  const bots = Object.fromEntries(ids.map((id, n) => [id, allocation(10, 10 + n / 100)]));
  const userId = await putUser(db, { balance: 0.1, bots });
  const deposit = () =>
    users(db).updateOne(byId(userId), {
      $inc: { 'paperWallet.balance': 0.1 },
      $push: { walletTransactions: { type: 'deposit', amount: 0.1 } } as Document,
    });
  const [first] = ids;
  if (first === undefined) throw new Error('no bot');
  await wallets.lock(lockCommand(userId, { instanceId: first }));
  const deposits = Array.from({ length: 100 }, deposit);
  const receipts = await Promise.all(ids.map((instanceId) => pay(wallets, userId, { instanceId })));
  await Promise.all(deposits);
  expect(new Set(receipts.map(({ seq }) => seq)).size).toBe(200);
  const user = await readUser(db, userId);
  // 0.1 + 100 × 0.1 + 200 × 10 + (0 + … + 199) / 100
  expect(user.paperWallet.balance).toBeCloseTo(2209.1, 9);
  expect(user.walletTransactions).toHaveLength(300);
  await expectConserved(db, userId);
});

it('a stale whole-document save after the settlement: balance and receipt go back together', async () => {
  const { db, userId, wallets } = await setUp(5, allocation(100, 120));
  await wallets.lock(lockCommand(userId));
  const stale = await readUser(db, userId);
  await wallets.settle(settleCommand(userId));
  await users(db).replaceOne(byId(userId), stale);
  const result = await wallets.settle(settleCommand(userId));
  expect(result).toMatchObject({ receipt: { previousBalance: 5, newBalance: 125 } });
  expect((await readUser(db, userId)).walletTransactions).toHaveLength(1);
});

it('a save of known paths after the settlement: the receipt in ledgerState is still the truth', async () => {
  const { db, userId, wallets } = await setUp(5, allocation(100, 120));
  await wallets.lock(lockCommand(userId));
  const { botAllocations, walletTransactions } = await readUser(db, userId);
  const first = await wallets.settle(settleCommand(userId));
  await platformSets(db, userId, { botAllocations, walletTransactions });
  expect(await wallets.settle(settleCommand(userId))).toEqual(first);
  const { balance } = (await readUser(db, userId)).paperWallet;
  expect(balance).toBe(125);
});

it('20,000 embedded rows: no row is lost', async () => {
  const db = await createTestDatabase();
  const wallets = createMongoWallets({ db });
  const rows = Array.from({ length: 20_000 }, (_, n) => ({
    type: n % 2 ? 'profit' : 'loss',
    amount: n / 100,
    botId: `uid-bot-${n % 7}`,
    botName: 'Bot',
    description: 'profit of a trade, as the platform writes it',
    balanceAfter: 1000 + n / 100,
    timestamp: new Date(1_700_000_000_000 + n),
  }));
  const bots = { [BOT]: allocation(100, 120) };
  const userId = await putUser(db, { balance: 1, bots, rows });
  const receipt = await pay(wallets, userId);
  const user = await readUser(db, userId);
  expect(user.walletTransactions).toHaveLength(20_001);
  expect(user.walletTransactions.slice(0, -1)).toEqual(rows);
  expect(user.ledgerState.openingRows).toBe(20_000);
  expect(receipt.newBalance).toBe(121);
});

it('a document the schema refuses: held for a person, nothing moved', async () => {
  const { db, userId, wallets } = await setUp(1e12, allocation(100, 120));
  await migrate(db);
  await wallets.lock(lockCommand(userId));
  await expect(wallets.settle(settleCommand(userId))).rejects.toThrow(HoldError);
  await expect(wallets.settle(settleCommand(userId))).rejects.toMatchObject({
    code: 'DOCUMENT_REFUSED_BY_VALIDATOR',
  });
  expect((await readUser(db, userId)).paperWallet.balance).toBe(1e12);
});

it('a document that has reached its 16 MB: held for a person, nothing moved', async () => {
  const { db, userId, wallets } = await setUp(5, allocation(100, 120));
  await wallets.lock(lockCommand(userId));
  const { filler: _, ...user } = await readUser(db, userId);
  const size = BSON.calculateObjectSize(user);
  await platformSets(db, userId, { filler: 'x'.repeat(16 * 1024 * 1024 - size - 100) });
  await expect(wallets.settle(settleCommand(userId))).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LARGE',
  });
  expect((await readUser(db, userId)).paperWallet.balance).toBe(5);
});

it.each(['retryWrites=true', 'retryWrites=false'])(
  'the reply of a settlement is lost and the server stays away (%s): in doubt, then paid once',
  async (options) => {
    const { db, userId, wallets: direct } = await setUp(1, allocation(100, 120));
    const { proxy, wired } = await connectThroughWire(db, options);
    const wallets = createMongoWallets({ db: wired });
    await direct.lock(lockCommand(userId));
    const cut = proxy.cutAfter('reclaimSettlement');
    const settling = wallets.settle(settleCommand(userId));
    await expect(settling).rejects.toThrow(InDoubtError);
    await cut;
    await expect(wallets.settle(settleCommand(userId))).rejects.toThrow(UnavailableError);
    await expect(wallets.findReceipt(userId, settleCommand(userId).opId)).rejects.toMatchObject({
      code: 'MONGODB_UNREACHABLE',
    });
    proxy.heal();
    const result = await waitFor('the wire to heal', () =>
      wallets.settle(settleCommand(userId)).catch(() => undefined),
    );
    expect(result).toMatchObject({ status: 'settled', receipt: { newBalance: 121 } });
    expect((await readUser(db, userId)).walletTransactions).toHaveLength(1);
  },
);

it('the reply is lost and the wire heals at once: the answer is read back, paid once', async () => {
  const { db, userId, wallets: direct } = await setUp(1, allocation(100, 120));
  const { proxy, wired } = await connectThroughWire(db, 'retryWrites=false');
  const wallets = createMongoWallets({ db: wired });
  await direct.lock(lockCommand(userId));
  const healed = proxy.cutAfter('reclaimSettlement').then(() => proxy.heal());
  const result = await wallets.settle(settleCommand(userId));
  await healed;
  expect(result).toMatchObject({ status: 'settled', receipt: { newBalance: 121, seq: 1 } });
});

it('the reply is lost and nothing is seen of the write: in doubt, whatever the reading says', async () => {
  const { db, userId } = await setUp(1, allocation(100, 120));
  const { proxy, wired } = await connectThroughWire(db, 'retryWrites=false');
  const healed = proxy.cutAfter('reclaimSettlement').then(() => proxy.heal());
  // There is no lock: with a reply this is `lock-dropped`, without one the write may be on its way.
  const settling = createMongoWallets({ db: wired }).settle(settleCommand(userId));
  await expect(settling).rejects.toThrow(InDoubtError);
  await healed;
});

it('the replies of a ledger entry and of a tombstone are lost: repeated, they find themselves', async () => {
  const { db, userId, wallets } = await setUp(1, allocation(100, 120));
  const { proxy, wired } = await connectThroughWire(db, 'retryWrites=false');
  const ledger = createMongoLedger({ db: wired });
  const tombstones = createMongoTombstones({ db: wired });
  const receipt = await pay(wallets, userId);
  const entry = { receipt, firebaseUid: null, sagaId: SAGA_A };
  const tombstone = {
    incarnation: incarnationOf(userId),
    sagaId: SAGA_A,
    epoch: 1,
    firebaseUid: null,
    ...NOTHING_OBSERVED,
    slot: null,
    hadAllocation: true,
    mayTakeOver: [],
  };
  const writes: (() => Promise<unknown>)[] = [
    () => ledger.post(entry),
    () => tombstones.open(tombstone),
  ];
  for (const write of writes) {
    const cut = proxy.cutAfter('replaceWith');
    await expect(write()).rejects.toThrow(InDoubtError);
    await cut;
    proxy.heal();
    const again = await waitFor('the wire to heal', async () => {
      const result = await write().catch(() => undefined);
      return result === undefined ? undefined : { result };
    });
    expect(['exists', { status: 'opened' }]).toContainEqual(again.result);
  }
});
