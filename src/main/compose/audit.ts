// The audit, put together: its ports in MongoDB, its metrics, its log lines.

import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Findings } from '../../findings/findings.ts';
import { createAudit } from '../../wallet/audit/audit.ts';
import { createAuditMetrics } from '../../wallet/audit/audit-metrics.ts';
import { type AuditService, createAuditService } from '../../wallet/audit/audit-service.ts';
import { createMongoAuditCheckpoints } from '../../wallet/audit/mongodb/audit-checkpoints.ts';
import { createMongoAuditLedger } from '../../wallet/audit/mongodb/audit-ledger.ts';
import { createMongoAuditRuns } from '../../wallet/audit/mongodb/audit-runs.ts';
import { createRowTrim } from '../../wallet/audit/row-trim.ts';
import { SUSPICION_RULES } from '../../wallet/audit/suspicion.ts';
import { createMongoWalletReadings } from '../../wallet/mongodb/wallet-readings.ts';
import type { Wallets } from '../../wallet/wallets.ts';
import type { Config } from '../config.ts';

export interface AuditingOptions {
  readonly db: Db;
  readonly wallets: Wallets;
  readonly findings: Findings;
  readonly config: Pick<Config, 'walletTransactionsKept'>;
  readonly metricsRegistry: Registry;
  readonly log: Logger;
}

export function createAuditing(options: AuditingOptions): AuditService {
  const { db, wallets, findings, config, log } = options;
  const metrics = createAuditMetrics(options.metricsRegistry);
  const checkpoints = createMongoAuditCheckpoints(db);
  const trim = createRowTrim({
    wallets,
    checkpoints,
    keep: config.walletTransactionsKept,
    onTrimmed: (trimmed) => log.info(trimmed, 'embedded rows trimmed'),
  });
  const audit = createAudit({
    readings: createMongoWalletReadings(db),
    ledger: createMongoAuditLedger(db),
    checkpoints,
    findings,
    rules: SUSPICION_RULES,
    trim,
    nowMs: () => performance.now(),
    onDifference: (difference) => {
      metrics.difference();
      log.error(difference, 'a balance changed and no entry explains it');
    },
    onError: (err, userId) => log.warn({ err, userId }, 'audit of a user failed'),
  });
  return createAuditService({
    audit,
    runs: createMongoAuditRuns(db),
    onRun: (report) => {
      metrics.run(report);
      const { users, differences, pending, failed, isComplete, tookMs } = report;
      const done = isComplete ? 'all users audited' : 'an audit of all users is not complete';
      log.info({ users, differences, pending, failed, isComplete, tookMs }, done);
    },
  });
}
