// A restoration of two bots' refunds is taken back in its turn, by a copy that brings both allocations along: their money
// goes back by one road alone (I2).

import { expect, it } from 'vitest';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { createTestAudit } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, incarnationOf, putUser, readUser, SAGA_A, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import { pay } from '../support/wallet-commands.ts';

const BOTS = [toInstanceId('uid-bot-1'), toInstanceId('uid-bot-2')] as const;
const FIRST = 'restore.first';

/** Two refunds of 110, taken back, restored together to a balance of 270, and taken back again: 50, and both allocations. */
async function setUp() {
  const db = await createTestDatabase();
  const bots = Object.fromEntries(BOTS.map((id) => [id, allocation(100, 110)]));
  const userId = await putUser(db, { balance: 50, bots });
  const wallets = createMongoWallets({ db });
  const ledger = createMongoLedger({ db });
  const copy = await readUser(db, userId);
  const saveStale = () => users(db).replaceOne({ _id: copy._id }, copy);
  const { auditUser, findingsOf } = createTestAudit(db);
  /** What the audit offers to restore, when the difference is a fact. */
  const offered = async () => {
    await waitFor('a difference', async () => (await auditUser(userId)).status === 'different');
    const [newest] = await findingsOf(userId);
    return newest?.evidence.undone;
  };
  const remove = async () => {
    for (const instanceId of BOTS) {
      const incarnation = incarnationOf(userId, instanceId);
      const removed = await wallets.dropResurrected({ incarnation, mayTakeOver: [] });
      expect(removed).toEqual({ status: 'gone' });
    }
  };
  const undone: string[] = [];
  for (const instanceId of BOTS) {
    const receipt = await pay(wallets, userId, { instanceId });
    await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    undone.push(receipt.opId);
  }
  expect((await auditUser(userId)).status).toBe('conserved');
  await saveStale();
  expect(await offered()).toEqual(undone);
  await remove();
  const restored = await wallets.restore({ opId: FIRST, userId, undone });
  if (restored.status !== 'restored') throw new Error(`not restored: ${restored.status}`);
  await ledger.postRestoration(restored.restoration);
  const balance = async () => (await readUser(db, userId)).paperWallet.balance;
  expect(await balance()).toBe(270);
  expect((await auditUser(userId)).status).toBe('conserved');
  await saveStale();
  const again = { opId: 'restore.second', userId, undone: [FIRST] };
  const forgetRows = () => {
    const rows = { walletTransactions: [], 'ledgerState.settled': [] };
    return users(db).updateOne({ _id: copy._id }, { $set: rows });
  };
  return { userId, wallets, ledger, remove, balance, offered, again, forgetRows };
}

it('the copy knows nothing of this program, and takes the sequence back with it: the audit offers the restoration all the same', async () => {
  const { offered, again } = await setUp();
  expect(await offered()).toEqual(again.undone);
});

it('both allocations are back with the copy: refused, and restored once they are gone', async () => {
  const { wallets, remove, balance, again } = await setUp();
  const stranger = { ...again, userId: toUserId('6500000000000000000000aa') };
  expect(await wallets.restore(stranger)).toEqual({ status: 'not-proven' });
  expect(await wallets.restore(again)).toEqual({ status: 'not-proven' });
  expect(await balance()).toBe(50);
  await remove();
  expect(await wallets.restore(again)).toMatchObject({ status: 'restored' });
  expect(await balance()).toBe(270);
});

it.each(['the document', 'the ledger alone'])(
  'one of them was accepted as new and paid, as %s knows: never restored',
  async (where) => {
    const { userId, wallets, ledger, balance, again, forgetRows } = await setUp();
    const [first, second] = BOTS;
    const accepted = incarnationOf(userId, first);
    await wallets.acceptResurrected({ incarnation: accepted, mayTakeOver: [] });
    const reading = await wallets.readAllocation(userId, first);
    if (reading.status !== 'present') throw new Error('it is gone');
    const { incarnationId } = reading.allocation;
    const incarnation = incarnationOf(userId, first, incarnationId ?? '');
    const receipt = await pay(wallets, userId, { instanceId: first, incarnation });
    await wallets.dropResurrected({ incarnation: incarnationOf(userId, second), mayTakeOver: [] });
    if (where === 'the ledger alone') {
      await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
      await forgetRows();
    }
    expect(await wallets.restore(again)).toEqual({ status: 'not-proven' });
    expect(await balance()).toBe(160);
  },
);

/** One refund of 110 that an audit has seen; then a copy from before it is saved, and the other bot is paid 110. */
async function paidAfterTheCopy() {
  const db = await createTestDatabase();
  const [first, second] = BOTS;
  const bots = Object.fromEntries(BOTS.map((id) => [id, allocation(100, 110)]));
  const userId = await putUser(db, { balance: 50, bots });
  const wallets = createMongoWallets({ db });
  const ledger = createMongoLedger({ db });
  const { auditUser, findingsOf } = createTestAudit(db);
  const copy = await readUser(db, userId);
  const payAndPost = async (instanceId: typeof first) => {
    const receipt = await pay(wallets, userId, { instanceId });
    await ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    return receipt;
  };
  const undone = await payAndPost(first);
  expect((await auditUser(userId)).status).toBe('conserved');
  await users(db).replaceOne({ _id: copy._id }, copy);
  const paid = await payAndPost(second);
  expect(paid.seq).toBe(undone.seq);
  return { userId, wallets, ledger, auditUser, findingsOf, undone };
}

it('the copy took away what tells our users from others, and no job of theirs ends any more: the audit of all users sees it', async () => {
  const db = await createTestDatabase();
  const [instanceId] = BOTS;
  const userId = await putUser(db, { balance: 50, bots: { [instanceId]: allocation(100, 110) } });
  const { auditUser, auditAll, findingsOf, wallets } = createTestAudit(db);
  const copy = await readUser(db, userId);
  const receipt = await pay(wallets, userId, { instanceId });
  await createMongoLedger({ db }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
  expect((await auditUser(userId)).status).toBe('conserved');
  await users(db).replaceOne({ _id: copy._id }, copy);
  expect(await auditAll()).toMatchObject({ users: 1, differences: 1 });
  const [finding] = await findingsOf(userId);
  expect(finding?.evidence).toMatchObject({ difference: '-110', undone: [receipt.opId] });
});

it('a bot is paid before the audit sees what the copy took back, under a number that was given out before: all of that is missing, and offered', async () => {
  const { userId, wallets, ledger, auditUser, findingsOf, undone } = await paidAfterTheCopy();
  const { status } = await waitFor('an answer', async () => {
    const answer = await auditUser(userId);
    return answer.status !== 'pending' && answer;
  });
  expect(status).toBe('different');
  const [finding] = await findingsOf(userId);
  expect(finding?.evidence).toMatchObject({ difference: '-110', undone: [undone.opId] });
  const incarnation = incarnationOf(userId, BOTS[0]);
  await wallets.dropResurrected({ incarnation, mayTakeOver: [] });
  const restored = await wallets.restore({ opId: FIRST, userId, undone: [undone.opId] });
  if (restored.status !== 'restored') throw new Error(`not restored: ${restored.status}`);
  await ledger.postRestoration(restored.restoration);
  expect((await auditUser(userId)).status).toBe('conserved');
});
