// An audit over a test's database, quick to believe what it sees: a difference is a fact after 40 ms.

import type { Db } from 'mongodb';
import type { UserId } from '../../src/domain/ids.ts';
import { createMongoFindings } from '../../src/findings/mongo-findings.ts';
import { type AuditDependencies, createAudit } from '../../src/wallet/audit/audit.ts';
import { createMongoAuditCheckpoints } from '../../src/wallet/audit/mongodb/audit-checkpoints.ts';
import { createMongoAuditLedger } from '../../src/wallet/audit/mongodb/audit-ledger.ts';
import { createRowTrim } from '../../src/wallet/audit/row-trim.ts';
import { createMongoWalletReadings } from '../../src/wallet/mongodb/wallet-readings.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';

export const NEVER = new AbortController().signal;

export interface TestAuditOptions extends Partial<AuditDependencies> {
  /** WALLET_TRANSACTIONS_KEPT. */
  readonly keep?: number;
}

export function createTestAudit(db: Db, options: TestAuditOptions = {}) {
  const { keep = 0, ...deps } = options;
  const wallets = createMongoWallets({ db });
  const findings = createMongoFindings(db);
  const ledger = createMongoAuditLedger(db);
  const checkpoints = createMongoAuditCheckpoints(db);
  const differences: unknown[] = [];
  const errors: unknown[] = [];
  const audit = createAudit({
    readings: createMongoWalletReadings(db),
    ledger,
    checkpoints,
    findings,
    rules: { stillForMs: 40, busyForMs: 60_000 },
    trim: createRowTrim({ wallets, checkpoints, keep, onTrimmed: () => undefined }),
    nowMs: () => performance.now(),
    onDifference: (difference) => differences.push(difference),
    onError: (error) => errors.push(error),
    ...deps,
  });
  return {
    audit,
    wallets,
    findings,
    ledger,
    checkpoints,
    differences,
    errors,
    auditUser: (userId: UserId) => audit.auditUser(userId, { signal: NEVER }),
    auditAll: () => audit.auditAll({ signal: NEVER }),
    findingsOf: (userId: UserId) => findings.listOpen({ userId, limit: 100 }),
  };
}
