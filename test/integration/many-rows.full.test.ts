// A user with 80,000 embedded rows, at the limit of what one document holds: what a saga does with the wallet works,
// and the audit does not take them all in each time.

import { expect, it } from 'vitest';
import { toInstanceId } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { createTestAudit } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, platformDeposits, putUser, readUser } from '../support/users.ts';
import { lockCommand, settleCommand } from '../support/wallet-commands.ts';

const ROWS = 80_000;
const ids = Array.from({ length: 100 }, (_, n) => toInstanceId(`uid-bot-${n}`));
const [bot = toInstanceId('uid-bot-0')] = ids;

const ourOpId = (n: number) => `settle.${n.toString(16).padStart(40, '0')}`;

async function setUp(isOurs: boolean, count = ROWS) {
  const db = await createTestDatabase();
  await migrate(db);
  const rows = Array.from({ length: count }, (_, n) => ({
    type: 'profit',
    amount: n / 100,
    botId: `other-bot-${n % 7}`,
    description: 'profit of a trade',
    balanceAfter: 1_000,
    timestamp: new Date(1_700_000_000_000 + n),
    ...(isOurs ? { opId: ourOpId(n), seq: n + 1 } : {}),
  }));
  const bots = Object.fromEntries(ids.map((id) => [id, allocation(10, 11)]));
  const userId = await putUser(db, { balance: 5, bots, rows });
  return { db, userId, ...createTestAudit(db) };
}

it.each([
  ["the platform's", false],
  ['our own', true],
])(
  '80,000 rows, %s: read, locked, paid and found again, alone and a hundred together',
  async (_, isOurs) => {
    const { userId, wallets } = await setUp(isOurs);
    const command = settleCommand(userId, { instanceId: bot });
    expect(await wallets.readAllocation(userId, bot)).toMatchObject({ status: 'present' });
    expect(await wallets.lock(lockCommand(userId, { instanceId: bot }))).toMatchObject({
      status: 'locked',
    });
    expect(await wallets.settle(command)).toMatchObject({ status: 'settled' });
    expect(await wallets.findReceipt(userId, command.opId)).toMatchObject({ amount: 11 });
    const [first, ...others] = await Promise.all(
      ids.map((instanceId) => wallets.readAllocation(userId, instanceId)),
    );
    expect(first).toMatchObject({ status: 'absent' });
    expect(others.every(({ status }) => status === 'present')).toBe(true);
  },
);

it('more rows than are good for a user: taken in once, then only what is new; said to be too many', async () => {
  const count = 50_500;
  const { db, userId, wallets, auditUser, findingsOf } = await setUp(false, count);
  await wallets.lock(lockCommand(userId, { instanceId: bot }));
  expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: count });
  await platformDeposits(db, userId, 1);
  expect(await auditUser(userId)).toMatchObject({ status: 'conserved', ingested: 1 });
  expect(await findingsOf(userId)).toMatchObject([
    { kind: 'too-many-rows', observed: 2, evidence: { rows: count + 1, reportedAbove: 50_000 } },
  ]);
}, 120_000);

it('20,000 rows: trimmed to the newest thousand, in batches', async () => {
  const count = 20_000;
  const { db, userId, wallets } = await setUp(true, count);
  await wallets.lock(lockCommand(userId, { instanceId: bot }));
  await db.collection<{ _id: string }>('ledger').insertMany(
    Array.from({ length: count }, (_, n) => ({
      _id: ourOpId(n),
      opId: ourOpId(n),
      userId,
      source: 'reclaim',
      postedAt: new Date(0),
    })),
  );
  const command = { userId, keep: 1_000, takenIn: { index: count, trimmed: 0 } };
  expect(await wallets.trimRows(command)).toBe(count - 1_000);
  const { walletTransactions } = await readUser(db, userId);
  expect(walletTransactions).toHaveLength(1_000);
  expect(walletTransactions[0].opId).toBe(ourOpId(count - 1_000));
});
