// The result of a run over all users, in bounded memory.

import type { UserAudit } from './audit-once.ts';
import type { AuditReport } from './audit-report.ts';

/** More are in the findings. */
const LISTED_DIFFERENCES = 20;

export type Tally = ReturnType<typeof createTally>;

export function createTally() {
  const count = { users: 0, entries: 0, ingested: 0, differences: 0 };
  const other = { pending: 0, notMoney: 0, failed: 0 };
  const firstDifferences: AuditReport['firstDifferences'] = [];
  return {
    add(audit: UserAudit) {
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
