// The database's clock goes back: the member elected next has a slower one. What stands in the database is from the
// future then, and nothing waits until it has come. Played by moving every moment that is stored ahead.

import { expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { createMongoLeaderLeases } from '../../src/log/mongodb/mongo-leader-leases.ts';
import { createMongoWorkerRegistry } from '../../src/log/mongodb/mongo-worker-registry.ts';
import { corrected, startDatabaseClock } from '../../src/mongodb/database-clock.ts';
import { HOUR_MS, putAhead } from '../support/saga-log.ts';

it('a leader lease from before it: taken at once, and kept by the process that took it (I10)', async () => {
  const db = await createTestDatabase();
  const [dead, next] = [createMongoLeaderLeases(db), createMongoLeaderLeases(db)];
  expect(await dead.hold('relay', 60_000)).toBe(true);
  expect(await next.hold('relay', 60_000)).toBe(false);
  await putAhead(db, 'leaderLeases', ['until']);
  expect(await next.hold('relay', 60_000)).toBe(true);
  expect(await dead.hold('relay', 60_000)).toBe(false);
});

it('a worker that was announced before it and died: not among the live ones', async () => {
  const db = await createTestDatabase();
  const [dead, live] = [createMongoWorkerRegistry(db), createMongoWorkerRegistry(db)];
  await dead.announce(['delete-bot@1'], 30_000);
  await putAhead(db, 'workers', ['until']);
  await live.announce(['sync-wallet@1'], 30_000);
  expect(await live.runnable()).toEqual(['sync-wallet@1']);
});

it('a reading that agrees with what is known changes nothing; one that disagrees moves no further than it proves', () => {
  expect(corrected(1_000, { leastMs: 990, mostMs: 1_010 })).toBe(1_000);
  expect(corrected(1_000, { leastMs: -11_000, mostMs: 1_010 })).toBe(1_000);
  expect(corrected(1_000, { leastMs: 5_990, mostMs: 6_010 })).toBe(5_990);
  expect(corrected(1_000, { leastMs: -4_010, mostMs: -3_990 })).toBe(-3_990);
});

it('a reading comes late, another one not at all: the clock goes on as it was; the next one that is quick is believed', async () => {
  const db = await createTestDatabase();
  const late = Promise.withResolvers<void>();
  const never = Promise.withResolvers<number>();
  const quick = () => performance.timeOrigin + performance.now();
  let aheadMs = 0;
  let readings = 0;
  const clock = await startDatabaseClock(db, {
    readEveryMs: 5,
    readWithinMs: 500,
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
  // Between its two clocks a busy process may be put off, which makes the first reading older: of many readings the newest is true.
  const aheadOfServerMs = () =>
    Math.max(...Array.from({ length: 100 }, () => clock.nowMs() - quick()));
  const offMs = () => Math.abs(aheadOfServerMs());
  await waitFor('the late reading to be under way', () => readings === 2);
  // How far the first reading was off is the machine's business; the ones that follow it take nothing from it but error.
  const atFirstMs = offMs();
  setTimeout(() => late.resolve(), 40);
  await waitFor('the late reading to be over', () => readings > 2);
  expect(offMs()).toBeLessThan(atFirstMs + 2);
  await waitFor('readings to go on behind the one that hangs', () => readings > 4);
  expect(offMs()).toBeLessThan(atFirstMs + 2);
  aheadMs = -HOUR_MS;
  const before = clock.monotonicMs();
  await waitFor('the clock to have gone back', () => offMs() > HOUR_MS - 1_000);
  expect(clock.monotonicMs()).toBeGreaterThan(before);
  never.resolve(0);
});
