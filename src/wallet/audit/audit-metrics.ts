// The audit's events as metrics of Prometheus. I11: a difference raises a counter that an alert watches.

import { Counter, Gauge, type Registry } from 'prom-client';
import type { AuditReport } from './audit-report.ts';

export function createAuditMetrics(registry: Registry) {
  const registers = [registry];
  const differences = new Counter({
    name: 'audit_differences_total',
    help: 'Changes of a balance that no entry explains, each counted when it became a finding',
    registers,
  });
  const lastRun = new Gauge({
    name: 'audit_last_run_timestamp_seconds',
    help: 'When this process last finished an audit of all users',
    registers,
  });
  const users = new Gauge({
    name: 'audit_users',
    help: 'Users checked by the last audit of all users in this process',
    registers,
  });
  return {
    difference: (): void => differences.inc(),
    run: (report: AuditReport): void => {
      users.set(report.users);
      if (report.isComplete) lastRun.setToCurrentTime();
    },
  };
}
