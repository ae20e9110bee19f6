// The database's clock goes back: the member elected next has a slower one. What stands in the database is from the
// future then, and nothing waits until it has come. Played by moving every moment that is stored ahead.

import { expect, it } from 'vitest';
import { HOUR_MS, putAhead } from '../../packages/saga/test/support/saga-log.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { createMongoHealthRounds } from '../../src/health/mongodb/health-rounds.ts';
import { createMongoAuditRuns } from '../../src/wallet/audit/mongodb/audit-runs.ts';
import { createTestDatabase } from '../support/database.ts';

it('a round of health from before it: the next begins, and its end is no fresh one (I10)', async () => {
  const db = await createTestDatabase();
  const rounds = createMongoHealthRounds(db);
  const first = await rounds.begin(60_000);
  expect(first).not.toBeNull();
  expect(await rounds.begin(60_000)).toBeNull();
  await putAhead(db, 'leaderLeases', ['until']);
  const second = await rounds.begin(60_000);
  expect(second).not.toBeNull();
  await second?.end({ isComplete: true });
  expect(await rounds.lastCompleteSecondsAgo()).toBeLessThan(60);
  await putAhead(db, 'healthRounds', ['completeAt']);
  expect(await rounds.lastCompleteSecondsAgo()).toBeGreaterThan(HOUR_MS / 1_000 - 60);
});

it('an audit begun before it: its age is told as it is, below zero', async () => {
  const db = await createTestDatabase();
  const runs = createMongoAuditRuns(db);
  await runs.begin();
  await putAhead(db, 'auditRuns', ['startedAt']);
  expect(await runs.secondsSinceBegun()).toBeLessThan(-HOUR_MS / 1_000 + 60);
});

it('a host seen before it and confirmed as empty after it: the confirmation stands', async () => {
  const db = await createTestDatabase();
  const records = createMongoHostRecords(db);
  await records.recordObserved('a', [{ instanceId: 'uid-bot-1', owners: [] }]);
  await putAhead(db, 'hostRecords', ['observedAt']);
  const record = await records.confirmEmpty('a', { by: 'an admin', reason: 'a new disk' });
  expect(record.confirmedEmptyAt).not.toBeNull();
  expect((record.observedAt ?? '') > (record.confirmedEmptyAt ?? '')).toBe(true);
});
