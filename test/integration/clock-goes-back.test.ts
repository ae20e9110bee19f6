// The database's clock goes back: the member elected next has a slower one. What stands in the database is from the
// future then, and nobody waits until it has come. Played by moving every moment that is stored ahead.

import type { Connection } from 'mongoose';
import { expect, it, onTestFinished } from 'vitest';
import { createMongoLeaderLeases } from '../../packages/saga/src/log/mongodb/mongo-leader-leases.ts';
import { createMongoWorkerRegistry } from '../../packages/saga/src/log/mongodb/mongo-worker-registry.ts';
import { corrected, startDatabaseClock } from '../../packages/saga/src/mongodb/database-clock.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { createMongoHealthRounds } from '../../src/health/mongodb/health-rounds.ts';
import { nativeDb } from '../../src/infra/mongodb/native.ts';
import { createMongoAuditRuns } from '../../src/wallet/audit/mongodb/audit-runs.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

const HOUR_MS = 3_600_000;

async function putAhead(connection: Connection, collection: string, fields: readonly string[]) {
  const moved = fields.map((field) => [field, { $add: [`$${field}`, HOUR_MS] }]);
  await connection
    .collection(collection)
    .updateMany({}, [{ $set: Object.fromEntries(moved) }], { writeConcern: { w: 'majority' } });
}

it('a leader lease from before it: taken at once, and kept by the process that took it (I10)', async () => {
  const connection = await createTestDatabase();
  const [dead, next] = [
    createMongoLeaderLeases(nativeDb(connection)),
    createMongoLeaderLeases(nativeDb(connection)),
  ];
  expect(await dead.hold('relay', 60_000)).toBe(true);
  expect(await next.hold('relay', 60_000)).toBe(false);
  await putAhead(connection, 'leaderLeases', ['until']);
  expect(await next.hold('relay', 60_000)).toBe(true);
  expect(await dead.hold('relay', 60_000)).toBe(false);
});

it('a round of health from before it: the next begins, and its end is no fresh one (I10)', async () => {
  const connection = await createTestDatabase();
  const rounds = createMongoHealthRounds(connection);
  const first = await rounds.begin(60_000);
  expect(first).not.toBeNull();
  expect(await rounds.begin(60_000)).toBeNull();
  await putAhead(connection, 'leaderLeases', ['until']);
  const second = await rounds.begin(60_000);
  expect(second).not.toBeNull();
  await second?.end({ isComplete: true });
  expect(await rounds.lastCompleteSecondsAgo()).toBeLessThan(60);
  await putAhead(connection, 'healthRounds', ['completeAt']);
  expect(await rounds.lastCompleteSecondsAgo()).toBeGreaterThan(HOUR_MS / 1_000 - 60);
});

it('a worker that was announced before it and died: not among the live ones', async () => {
  const connection = await createTestDatabase();
  const [dead, live] = [
    createMongoWorkerRegistry(nativeDb(connection)),
    createMongoWorkerRegistry(nativeDb(connection)),
  ];
  await dead.announce(['delete-bot@1'], 30_000);
  await putAhead(connection, 'workers', ['until']);
  await live.announce(['sync-wallet@1'], 30_000);
  expect(await live.runnable()).toEqual(['sync-wallet@1']);
});

it('an audit begun before it: its age is told as it is, below zero', async () => {
  const connection = await createTestDatabase();
  const runs = createMongoAuditRuns({ connection });
  await runs.begin();
  await putAhead(connection, 'auditRuns', ['startedAt']);
  expect(await runs.secondsSinceBegun()).toBeLessThan(-HOUR_MS / 1_000 + 60);
});

it('a host seen before it and confirmed as empty after it: the confirmation stands', async () => {
  const connection = await createTestDatabase();
  const records = createMongoHostRecords({ connection });
  await records.noteSeen('a', ['uid-bot-1']);
  await putAhead(connection, 'hostRecords', ['seenAt']);
  const record = await records.confirmEmpty('a', { by: 'an admin', reason: 'a new disk' });
  expect(record.confirmedEmptyAt).not.toBeNull();
  expect((record.seenAt ?? '') > (record.confirmedEmptyAt ?? '')).toBe(true);
});

it('a reading that agrees with what is known changes nothing; one that disagrees moves no further than it proves', () => {
  expect(corrected(1_000, { leastMs: 990, mostMs: 1_010 })).toBe(1_000);
  expect(corrected(1_000, { leastMs: -11_000, mostMs: 1_010 })).toBe(1_000);
  expect(corrected(1_000, { leastMs: 5_990, mostMs: 6_010 })).toBe(5_990);
  expect(corrected(1_000, { leastMs: -4_010, mostMs: -3_990 })).toBe(-3_990);
});

it('a reading comes late, another one not at all: the clock goes on as it was; the next one that is quick is believed', async () => {
  const connection = await createTestDatabase();
  const late = Promise.withResolvers<void>();
  const never = Promise.withResolvers<number>();
  const quick = () => performance.timeOrigin + performance.now();
  let aheadMs = 0;
  let readings = 0;
  const clock = await startDatabaseClock(nativeDb(connection), {
    readEveryMs: 5,
    readWithinMs: 50,
    readServerMs: async () => {
      readings += 1;
      if (readings === 2) {
        const asked = quick();
        await late.promise;
        return asked;
      }
      if (readings === 3) return never.promise;
      return quick() + aheadMs;
    },
  });
  onTestFinished(() => clock.stop());
  const offMs = () => Math.abs(clock.nowMs() - quick());
  await waitFor('the late reading to be under way', () => readings === 2);
  setTimeout(() => late.resolve(), 40);
  await waitFor('readings to go on behind the one that hangs', () => readings > 4);
  expect(offMs()).toBeLessThan(5);
  aheadMs = -HOUR_MS;
  const before = clock.monotonicMs();
  await waitFor('the clock to have gone back', () => offMs() > HOUR_MS - 1_000);
  expect(clock.monotonicMs()).toBeGreaterThan(before);
  never.resolve(0);
});
