// Which of our own payments a stale save has taken back. A copy that was read before them knows none of them: what it
// undid are the last ones before its row, or the last of all, and together they are exactly what is missing. Anything
// that does not come out to the last decimal proves nothing, and a person investigates it (I11). Pure.

import { absolute, type Exact, exactFromMinor } from '../../domain/exact-decimal.ts';
import { isStrippedFrom } from './own-movements.ts';
import type { OwnMovement, WalletRow } from './wallet-readings.ts';

export interface OwnPayment {
  readonly opId: string;
  readonly amount: Exact;
}

export interface PaymentRun {
  /** Unbroken by a row of another program. */
  readonly payments: readonly OwnPayment[];
  /** Nothing stands between them and the last checkpoint: older payments continue before them. */
  readonly isFromStart: boolean;
}

/** Balances are sums of doubles: what is missing is compared to the cent. */
export function toCents(missing: Exact): Exact {
  const cent = exactFromMinor(1);
  return missing <= 0n ? 0n : ((missing + cent / 2n) / cent) * cent;
}

/** Of our own writes, those that the balance has for certain: from their rows on, each goes on from the one before, up to it. A
 * payment of the same amount that was taken back must not be mixed up with them.
 * @param rows of the document, the newest last. */
export function standingAmong(
  movements: readonly OwnMovement[],
  rows: readonly WalletRow[],
  balance: Exact,
): ReadonlySet<string> {
  const standing = new Set<string>();
  let stated: readonly Exact[] = [balance];
  for (const row of rows.toReversed()) {
    const after = row.balanceAfter?.exact;
    if (after === undefined || !stated.some((one) => isSameToTheCent(one, after))) break;
    const own = row.own ?? movements.find((movement) => isStrippedFrom(row, movement));
    if (own !== undefined) standing.add(own.opId);
    stated = balancesBefore(row, after);
  }
  return standing;
}

function balancesBefore({ type, amount }: WalletRow, after: Exact): readonly Exact[] {
  if (amount === null) return [];
  switch (type) {
    case 'profit':
    case 'loss':
      return [after, after - amount.exact, after + amount.exact];
    case 'withdraw':
    case 'allocate':
      return [after + absolute(amount.exact)];
    default:
      return [after - amount.exact];
  }
}

function isSameToTheCent(left: Exact, right: Exact): boolean {
  return absolute(left - right) < exactFromMinor(1) / 2n;
}

/** Of our operations, those that bring money back. */
export const PAYMENT = /^(?:settle|restore)\./;

/** @param runs payments of ours, in the order of the list, each run unbroken by a row of another program.
 * @param lost those that were certainly taken back, and are in none of the runs.
 * @returns their operations; none: it cannot be decided. */
export function undoneReceipts(
  runs: readonly (readonly OwnPayment[])[],
  missing: Exact,
  lost: readonly OwnPayment[] = [],
): readonly string[] {
  if (missing <= 0n) return [];
  const certain = lost.reduce((sum, { amount }) => sum + amount, 0n);
  const opIds = lost.map(({ opId }) => opId);
  if (certain === missing) return opIds;
  for (const run of runs) {
    let sum = certain;
    for (let first = run.length - 1; first >= 0 && sum < missing; first -= 1) {
      sum += run[first]?.amount ?? 0n;
      if (sum === missing) return [...run.slice(first).map(({ opId }) => opId), ...opIds];
    }
  }
  return [];
}

export function isPayment(opId: string): boolean {
  return PAYMENT.test(opId);
}
