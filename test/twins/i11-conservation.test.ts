// I11: every cent of a balance is explained, a change that nothing explains is told once, and nothing is "repaired".

import type { Connection } from 'mongoose';
import { createGate } from '../../packages/saga/test/support/saga-world.ts';
import type { UserId } from '../../src/domain/ids.ts';
import type { AuditCheckpoints } from '../../src/wallet/audit/mongodb/audit-checkpoints.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { createTestAudit, type TestAuditOptions } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, BOT, byId, putUser, readUser, users } from '../support/users.ts';
import { pay } from '../support/wallet-commands.ts';
import { breaches, twinsOf } from './bite.ts';

twinsOf('I11', {
  'balance-added-in-doubles': async (part) => {
    const { connection, userId, auditing } = await setUp();
    const { wallets } = auditing;
    await pay(part === 'twin' ? addedHere(wallets, connection) : wallets, userId);
    const { status } = await auditing.auditUser(userId);
    return breaches({ 'balance and ledger do not agree': status !== 'conserved' });
  },

  'audit-that-repairs': async (part) => {
    const { connection, userId } = await setUp();
    const { wallets } = createTestAudit(connection);
    await pay(wallets, userId);
    const repairing: TestAuditOptions = {
      onDifference: (difference) => void repairs.push(repair(connection, userId, difference)),
    };
    const repairs: Promise<unknown>[] = [];
    const auditing = createTestAudit(connection, part === 'twin' ? repairing : {});
    await auditing.auditUser(userId);
    await anotherAdds(connection, userId, 7);
    const before = (await readUser(connection, userId)).paperWallet.balance;
    await auditing.auditUser(userId);
    await Promise.all(repairs);
    return breaches({
      'a change that nothing explains is not told':
        (await auditing.findingsOf(userId)).length !== 1,
      'the audit wrote a balance':
        (await readUser(connection, userId)).paperWallet.balance !== before,
    });
  },

  // One audit is slow: another one has found the difference and moved on before it notes how far it came.
  'checkpoint-without-its-revision': async (part) => {
    const { connection, userId, auditing } = await setUp();
    await pay(auditing.wallets, userId);
    const gate = createGate();
    const { checkpoints } = auditing;
    const twin = part === 'twin' ? overwriting(checkpoints) : checkpoints;
    const slow: AuditCheckpoints = {
      ...checkpoints,
      advance: async (...step) => {
        await gate.pass();
        return twin.advance(...step);
      },
    };
    const late = createTestAudit(connection, { checkpoints: slow }).auditUser(userId);
    await gate.reached;
    await anotherAdds(connection, userId, 7);
    await auditing.auditUser(userId);
    gate.open();
    await late;
    await auditing.auditUser(userId);
    const told = await auditing.findingsOf(userId);
    return breaches({
      'the scenario has found nothing': told.length === 0,
      'one change became two findings': told.length > 1,
    });
  },
});

/** A balance with a half cent, as the platform leaves them. */
async function setUp() {
  const connection = await createTestDatabase();
  const bots = { [BOT]: allocation(0.1, 0.1) };
  const userId = await putUser(connection, { balance: 10.005, bots });
  return { connection, userId, auditing: createTestAudit(connection) };
}

/** A writer that leaves no row. */
async function anotherAdds(connection: Connection, userId: UserId, amount: number): Promise<void> {
  await users(connection).updateOne(byId(userId), { $inc: { 'paperWallet.balance': amount } });
}

function addedHere(wallets: Wallets, connection: Connection): Wallets {
  return {
    ...wallets,
    settle: async (command) => {
      const result = await wallets.settle(command);
      if (result.status !== 'settled') return result;
      const { previousBalance, amount } = result.receipt;
      const balance = Math.round((previousBalance + amount) * 100) / 100;
      const set = { $set: { 'paperWallet.balance': balance } };
      await users(connection).updateOne(byId(command.userId), set);
      return result;
    },
  };
}

function repair(
  connection: Connection,
  userId: UserId,
  { expected }: { readonly expected: string },
) {
  const set = { $set: { 'paperWallet.balance': Number(expected) } };
  return users(connection).updateOne(byId(userId), set);
}

/** Writes where it came to, whoever has come further meanwhile. */
function overwriting(checkpoints: AuditCheckpoints): AuditCheckpoints {
  return {
    ...checkpoints,
    advance: async (userId, _, next) => {
      const revision = (await checkpoints.find(userId))?.revision ?? 0;
      return checkpoints.advance(userId, revision, next);
    },
  };
}
