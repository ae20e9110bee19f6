// The audit, put together: its ports in MongoDB, its metrics, its log lines.

import type { Connection } from 'mongoose';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createAuditMetrics } from './adapters/metrics/audit-metrics.ts';
import { createMongoAuditCheckpoints } from './adapters/mongo/audit-checkpoints.ts';
import { createMongoAuditLedger } from './adapters/mongo/audit-ledger.ts';
import { createMongoAuditRuns } from './adapters/mongo/audit-runs.ts';
import { createMongoWalletReadings } from './adapters/mongo/wallet-readings.ts';
import type { Config } from './config.ts';
import type { Findings } from './deletion/ports/findings.ts';
import type { Wallets } from './deletion/ports/wallets.ts';
import { createAudit } from './reconciliation/audit/audit.ts';
import { type AuditDesk, createAuditDesk } from './reconciliation/audit/audit-desk.ts';
import { createRowTrim } from './reconciliation/audit/row-trim.ts';
import { SUSPICION_RULES } from './reconciliation/audit/suspicion.ts';

export interface AuditingOptions {
  readonly connection: Connection;
  readonly wallets: Wallets;
  readonly findings: Findings;
  readonly config: Pick<Config, 'walletTransactionsKept'>;
  readonly metricsRegistry: Registry;
  readonly log: Logger;
}

export function createAuditing(options: AuditingOptions): AuditDesk {
  const { connection, wallets, findings, config, log } = options;
  const metrics = createAuditMetrics(options.metricsRegistry);
  const checkpoints = createMongoAuditCheckpoints({ connection });
  const trim = createRowTrim({
    wallets,
    checkpoints,
    keep: config.walletTransactionsKept,
    onTrimmed: (trimmed) => log.info(trimmed, 'embedded rows trimmed'),
  });
  const audit = createAudit({
    readings: createMongoWalletReadings({ connection }),
    ledger: createMongoAuditLedger({ connection }),
    checkpoints,
    findings,
    rules: SUSPICION_RULES,
    trim,
    nowMs: () => performance.now(),
    onDifference: (difference) => {
      metrics.difference();
      log.error(difference, 'a balance changed and no entry says why');
    },
    onError: (err, userId) => log.warn({ err, userId }, 'audit of a user failed'),
  });
  return createAuditDesk({
    audit,
    runs: createMongoAuditRuns({ connection }),
    onRun: (report) => {
      metrics.run(report);
      const { users, differences, pending, failed, isComplete, tookMs } = report;
      log.info({ users, differences, pending, failed, isComplete, tookMs }, 'all users audited');
    },
  });
}
