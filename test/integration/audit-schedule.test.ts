// When audits run: after sagas, coalesced and bounded; once an hour, in one process; and what is kept of it.

import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { createMongoLeaderLeases } from '../../packages/saga/src/log/mongodb/mongo-leader-leases.ts';
import { toInstanceId } from '../../src/domain/ids.ts';
import { createAuditMetrics } from '../../src/wallet/audit/audit-metrics.ts';
import { createAuditSchedule } from '../../src/wallet/audit/audit-schedule.ts';
import { type AuditService, createAuditService } from '../../src/wallet/audit/audit-service.ts';
import { createMongoAuditLedger } from '../../src/wallet/audit/mongodb/audit-ledger.ts';
import { createMongoAuditRuns } from '../../src/wallet/audit/mongodb/audit-runs.ts';
import { createTestAudit } from '../support/auditing.ts';
import { createTestDatabase } from '../support/database.ts';
import { allocation, byId, putUser, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import { pay } from '../support/wallet-commands.ts';

const BOT = toInstanceId('uid-bot-1');

async function setUp() {
  const db = await createTestDatabase();
  const errors: unknown[] = [];
  const ledger = createMongoAuditLedger(db);
  const listings: unknown[] = [];
  const auditing = createTestAudit(db, {
    ledger: {
      ...ledger,
      writeOffs: (query) => {
        listings.push(query);
        return ledger.writeOffs(query);
      },
    },
  });
  const runs = createMongoAuditRuns(db);
  const registry = new Registry();
  const metrics = createAuditMetrics(registry);
  const service = createAuditService({ audit: auditing.audit, runs, onRun: metrics.run });
  const schedule = (over: Partial<AuditService> = {}) => {
    const made = createAuditSchedule({
      service: { ...service, ...over },
      leaderLeases: createMongoLeaderLeases(db),
      onError: (error) => errors.push(error),
      pace: { atOnce: 2, pauseMs: 5 },
    });
    onTestFinished(() => made.stop());
    return made;
  };
  const addUser = async () => {
    const bots = { [BOT]: allocation(1, 2) };
    const userId = await putUser(db, { balance: 5, bots });
    await pay(auditing.wallets, userId, { instanceId: BOT });
    return userId;
  };
  const { checkpoints } = auditing;
  return { db, service, runs, registry, errors, schedule, addUser, checkpoints, listings };
}

it("sagas of a user end in a row: audited a moment later, once, and a failure is nobody else's", async () => {
  const { schedule, addUser, checkpoints, errors, service, listings } = await setUp();
  const [first, second, third] = [await addUser(), await addUser(), await addUser()];
  const asked: string[] = [];
  const audits = schedule({
    secondsSinceBegun: async () => 5,
    checkUser: async (userId, options) => {
      asked.push(userId);
      if (userId === second) throw new Error('this one fails');
      return service.checkUser(userId, options);
    },
  });
  for (let n = 0; n < 20; n += 1) {
    for (const userId of [first, second, third, 'no-user']) audits.sagaEnded(userId);
  }
  audits.start();
  await waitFor('the checkpoints', async () =>
    Boolean((await checkpoints.find(first)) && (await checkpoints.find(third))),
  );
  expect(asked.sort()).toEqual([first, second, third].sort());
  expect(errors).toMatchObject([{ message: 'this one fails' }]);
  // Nobody reads the report of such an audit.
  expect(listings).toEqual([]);
});

it('an hour over: one process of several audits all users and leaves a report', async () => {
  const { schedule, addUser, runs, service, db, registry } = await setUp();
  const userId = await addUser();
  await users(db).updateOne(byId(userId), { $inc: { 'paperWallet.balance': 1 } });
  expect(await service.lastRun()).toBeNull();
  let started = 0;
  const several = Array.from({ length: 3 }, () =>
    schedule({
      auditAll: (options) => {
        started += 1;
        return service.auditAll(options);
      },
    }),
  );
  for (const one of several) one.start();
  const run = await waitFor('a report', async () => (await runs.last()) ?? undefined);
  expect(run).toMatchObject({
    ageSeconds: 0,
    report: { users: 1, differences: 1, isComplete: true, firstDifferences: [{ userId }] },
  });
  expect(started).toBe(1);
  expect(await runs.secondsSinceBegun()).toBeLessThan(60);
  expect(await registry.metrics()).toMatch(/audit_users 1\n/);
  expect(await registry.metrics()).toMatch(/audit_last_run_timestamp_seconds \d{10}/);
  // A report is there: whoever starts now need not audit again.
  const later = schedule({ auditAll: () => Promise.reject(new Error('audited again')) });
  later.start();
  await later.stop();
  expect(started).toBe(1);
});

it('a run under way: another caller joins it, and leaves when its own time is over', async () => {
  const { service, addUser } = await setUp();
  await addUser();
  const { signal } = new AbortController();
  const [first, joined, late] = await Promise.all([
    service.auditAll({ signal }),
    service.auditAll({ signal }),
    service.auditAll({ signal: AbortSignal.abort() }),
  ]);
  expect(first).toMatchObject({ users: 1 });
  expect(joined).toEqual(first);
  expect(late).toBeNull();
});
