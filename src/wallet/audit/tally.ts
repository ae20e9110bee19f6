// The result of a run over all users, in bounded memory.

import type { WriteOffs } from './audit-ledger.ts';
import type { UserAudit } from './audit-once.ts';
import type { ChainReport } from './chain-report.ts';

export interface AuditReport extends AuditTotals {
  /** False: it was stopped before it had checked all users. */
  readonly isComplete: boolean;
  readonly writeOffs: WriteOffs;
  readonly tookMs: number;
}

export interface AuditTotals {
  readonly users: number;
  /** Entries summed since the checkpoints before. */
  readonly entries: number;
  /** Rows of the platform posted to the ledger. */
  readonly ingested: number;
  /** Changes that no entry explains and that have become findings. */
  readonly differences: number;
  readonly firstDifferences: readonly UserDifference[];
  /** Users that do not add up and may still be written at. */
  readonly pending: number;
  /** Users whose balance is no number. */
  readonly notMoney: number;
  /** Users whose audit failed. */
  readonly failed: number;
}

export interface UserDifference extends ChainReport {
  readonly userId: string;
}

export interface Tally {
  add(audit: UserAudit): void;
  fail(): void;
  totals(): AuditTotals;
}

/** More are in the findings. */
const LISTED_DIFFERENCES = 20;

export function createTally(): Tally {
  const count = { users: 0, entries: 0, ingested: 0, differences: 0 };
  const other = { pending: 0, notMoney: 0, failed: 0 };
  const firstDifferences: UserDifference[] = [];
  return {
    add(audit) {
      count.users += 1;
      count.ingested += audit.ingested;
      if (audit.status === 'not-money') other.notMoney += 1;
      if (audit.status === 'pending') other.pending += 1;
      if ('chain' in audit) count.entries += audit.chain.entries;
      if (audit.status !== 'different') return;
      count.differences += 1;
      if (firstDifferences.length < LISTED_DIFFERENCES) {
        firstDifferences.push({ userId: audit.userId, ...audit.chain });
      }
    },
    fail: () => {
      other.failed += 1;
    },
    totals: () => ({ ...count, ...other, firstDifferences: [...firstDifferences] }),
  };
}
