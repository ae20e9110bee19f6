// What a row of the platform did to the balance. The platform writes amounts with the sign of their effect,
// but nothing enforces that: withdrawals and allocations take away whichever sign they carry, and profits
// and losses belong to a bot until the balance itself has moved.

import { absolute, type Exact } from '../../domain/exact-decimal.ts';
import type { Standing } from './mongodb/audit-ledger.ts';
import type { WalletRow } from './wallet-readings.ts';

/** The balance before a row: as the row before states it, and as all entries so far add up. They differ
 * where a writer stated a balance that was old by then. */
export interface BalanceBefore {
  readonly stated: Exact;
  readonly summed: Exact;
}

export interface RowMeaning {
  readonly standing: Standing;
  readonly moved: Exact;
}

/** @param isSame whether two balances are one, but for the rounding of doubles. */
export function meaningOf(
  { type, amount, balanceAfter }: WalletRow,
  before: BalanceBefore,
  isSame: (left: Exact, right: Exact) => boolean,
): RowMeaning {
  if (amount === null) return { standing: 'not-money', moved: 0n };
  const { exact } = amount;
  const after = balanceAfter?.exact;
  const hasMovedBy = (moved: Exact) =>
    after !== undefined &&
    (isSame(after, before.stated + moved) || isSame(after, before.summed + moved));
  switch (type) {
    case 'profit':
    case 'loss': {
      if (hasMovedBy(0n)) return INFORMATIONAL;
      const moved = [exact, -exact].find(hasMovedBy);
      return moved === undefined ? INFORMATIONAL : counted(moved);
    }
    case 'withdraw':
    case 'allocate':
      return counted(exact > 0n && hasMovedBy(exact) ? exact : -absolute(exact));
    default:
      return counted(exact);
  }
}

const INFORMATIONAL: RowMeaning = { standing: 'informational', moved: 0n };

function counted(moved: Exact): RowMeaning {
  return { standing: 'counted', moved };
}
