// Every cent is where it belongs (I2, I11), to the last decimal and without doubles: the balance, the rows beside it,
// the ledger, and what was paid for each bot.

import type { Document } from 'mongodb';
import {
  type Exact,
  exactFromMinor,
  parseExact,
  printExact,
} from '../../src/domain/exact-decimal.ts';
import type { Platform } from '../load/platform.ts';
import { FIRST_AMOUNT } from '../town.ts';
import type { Verdict } from '../verdict.ts';
import type { Evidence, UserEvidence } from './evidence.ts';

/** What the platform wrote. */
type Writes = Pick<Platform, 'deposits' | 'valuesOf'>;

export function judgeMoney(evidence: Evidence, platform: Writes, verdict: Verdict): void {
  for (const user of evidence.users) {
    judgeBalance(user, verdict);
    judgeRows(user, verdict);
    judgeDeposits(user, platform, verdict);
  }
  for (const [instanceId, entries] of evidence.entries) {
    judgePayments(instanceId, entries, platform, verdict);
  }
}

/** Opening, deposits and our entries make the balance. */
function judgeBalance({ who, user, entries }: UserEvidence, verdict: Verdict): void {
  const paidIn = rowsOf(user)
    .filter(({ opId }) => opId === undefined)
    .reduce((sum, { amount }) => sum + exact(amount), 0n);
  const ours = entries.reduce(
    (sum, { amountMinor }) => sum + exactFromMinor(Number(amountMinor)),
    0n,
  );
  const expected = exact(who.opening) + paidIn + ours;
  const found = exact(user.paperWallet?.balance);
  verdict.expectSame('I11', `balance of ${who.uid}`, printExact(expected), printExact(found));
}

/** Each row states the balance it left: no row without its money, no money without its row. Each of ours is one
 * entry of the ledger, and the sequence of our writes has no gap. */
function judgeRows({ who, user, entries }: UserEvidence, verdict: Verdict): void {
  let balance = exact(who.opening);
  for (const { amount, balanceAfter, type, opId, _id } of rowsOf(user)) {
    balance += exact(amount);
    const what = `balance of ${who.uid} after ${type} ${opId ?? _id}`;
    verdict.expectSame('I2', what, printExact(balance), printExact(exact(balanceAfter)));
  }
  const rowIds = rowsOf(user).flatMap(({ opId }) => opId ?? []);
  const posted = new Set(entries.map(({ opId }) => opId));
  for (const opId of rowIds) {
    if (!posted.has(opId)) verdict.violated('I11', `row ${opId} of ${who.uid} has no entry`);
  }
  verdict.expectSame('I2', `our rows of ${who.uid}`, entries.length, rowIds.length);
  verdict.expectSame('I2', `rows of one name of ${who.uid}`, new Set(rowIds).size, rowIds.length);
  const seqs = entries.map(({ seq }) => Number(seq)).sort((a, b) => a - b);
  const firstGap = seqs.findIndex((seq, index) => seq !== index + 1);
  if (firstGap >= 0) verdict.violated('I11', `entries of ${who.uid} skip number ${firstGap + 1}`);
}

function judgeDeposits({ who, user }: UserEvidence, platform: Writes, verdict: Verdict): void {
  const found = new Set(rowsOf(user).map(({ _id }) => `${who.uid}/${String(_id)}`));
  for (const deposit of platform.deposits) {
    if (deposit.startsWith(`${who.uid}/`) && !found.has(deposit)) {
      verdict.violated('I11', `the deposit ${deposit} is gone`);
    }
  }
}

/** One settlement, of a value that the bot has had, rounded once. */
function judgePayments(
  instanceId: string,
  entries: readonly Document[],
  platform: Writes,
  verdict: Verdict,
): void {
  const settled = entries.filter(({ type }) => type === 'deallocate');
  const reserved = entries.filter(({ type }) => type === 'allocate');
  if (settled.length > 1) verdict.violated('I2', `${instanceId} was paid ${settled.length} times`);
  if (reserved.length > 1) verdict.violated('I2', `${instanceId} was funded more than once`);
  const [payment] = settled;
  if (payment === undefined) return;
  const value = exact(payment.exactValue);
  const fundedMinor =
    reserved[0] === undefined ? FIRST_AMOUNT * 100 : -Number(reserved[0].amountMinor);
  const values = [...platform.valuesOf(instanceId)].map(exact);
  if (value !== exactFromMinor(fundedMinor) && !values.includes(value)) {
    verdict.violated('I2', `${instanceId} was paid ${printExact(value)}, which it never was worth`);
  }
  const paidMinor = halfEvenCents(value);
  verdict.expectSame(
    'I2',
    `cents for ${instanceId}`,
    String(paidMinor),
    String(payment.amountMinor),
  );
  const pnlMinor = paidMinor - BigInt(fundedMinor);
  verdict.expectSame('I2', `profit of ${instanceId}`, String(pnlMinor), String(payment.pnlMinor));
}

const CENT = exactFromMinor(1);

function halfEvenCents(value: Exact): bigint {
  const cents = value / CENT;
  const rest = (value % CENT) * 2n;
  const isUp = rest > CENT || (rest === CENT && cents % 2n === 1n);
  return isUp ? cents + 1n : cents;
}

function rowsOf(user: Document): readonly Document[] {
  return user.walletTransactions ?? [];
}

/** @throws what is no number would make every sum a lie. */
function exact(value: unknown): Exact {
  const parsed = parseExact(String(value));
  if (parsed === undefined) throw new Error(`${String(value)} is no decimal`);
  return parsed;
}
