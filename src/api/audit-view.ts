// An audit as HTTP shows it: the same facts, in the arrays of the schema.

import type { UserAuditReport } from '../wallet/audit/audit.ts';
import type { WriteOffs } from '../wallet/audit/audit-ledger.ts';
import type { StoredAuditRun } from '../wallet/audit/audit-runs.ts';
import type { ChainReport } from '../wallet/audit/chain-report.ts';

export function userAuditView({ writeOffs, ...audit }: UserAuditReport) {
  const { userId, status, ingested, rows } = audit;
  return {
    userId,
    status,
    ingested,
    rows,
    ...('found' in audit ? { found: audit.found } : {}),
    ...('chain' in audit
      ? { chain: chainView(audit.chain), paidTwice: audit.paidTwice.map((twice) => ({ ...twice })) }
      : {}),
    writeOffs: writeOffsView(writeOffs),
  };
}

export function auditRunView(run: StoredAuditRun | null) {
  if (run === null) return null;
  const { report } = run;
  return {
    ...run,
    report: {
      ...report,
      firstDifferences: report.firstDifferences.map(chainView),
      writeOffs: writeOffsView(report.writeOffs),
    },
  };
}

function chainView<T extends ChainReport>(chain: T) {
  return { ...chain, missing: [...chain.missing] };
}

function writeOffsView({ count, newest }: WriteOffs) {
  return { count, newest: [...newest] };
}
