// The crashes themselves, on a small saga: a definition that keeps its promise passes, and each of the classic mistakes
// is found. A harness that finds nothing shows nothing.

import { expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { type CrashEnvironment, crashEverywhere } from '../../src/testing/index.ts';
import { driveOverQueue } from '../support/drive-over-queue.ts';
import { createTestSagaLog, expire, openTestSagaLog } from '../support/saga-log.ts';
import { emptySagaWorld, type SagaWorld } from '../support/saga-world.ts';
import { expectWhole, type Flaw, TOY_SERVICE, toySaga } from '../support/toy.ts';

/** Workers die inside its steps too. */
function crash(flaw?: Flaw, environment?: CrashEnvironment) {
  return crashEverywhere(toySaga(emptySagaWorld(), flaw), {
    input: {},
    begin: emptySagaWorld,
    define: (world: SagaWorld, wire) => toySaga(wire('world', world, TOY_SERVICE), flaw),
    check: expectWhole,
    ...(environment !== undefined && { environment, width: 60, input: () => `${Math.random()}` }),
  });
}

it('a saga that keeps its promise, in memory: no harm at any point, and none left out', async () => {
  const { points, runs, queued, violations, missed } = await crash();
  expect({ violations, missed, queued }).toEqual({ violations: [], missed: [], queued: 0 });
  expect(runs).toBeGreaterThan(100);
  expect(points.length).toBeGreaterThan(30);
});

it('the same on MongoDB and over the queue: as many points, each died at over the queue too', async () => {
  const db = await createTestDatabase();
  const { log, clock } = await createTestSagaLog(db);
  const { points, queued, missed } = await crash(undefined, {
    logs: [log, (await openTestSagaLog(db)).log],
    clock,
    expire: (id) => expire(db, id),
    overQueue: driveOverQueue,
  });
  expect(missed).toEqual([]);
  expect(points.length).toBe((await crash()).points.length);
  expect(queued).toBeGreaterThan(10);
});

it.each<[Flaw, RegExp]>([
  ['pays-without-looking', /paid 2/],
  ['undoes-by-its-log', /take fails for good.*no worker died[\s\S]*taken true, paid 0/],
  ['takes-late', /after the dead came back.*taken true, paid 0/],
  ['pays-after-turning-back', /after the dead came back.*paid 1/],
  ['returns-what-was-skipped', /note fails for good.*no worker died[\s\S]*RESULT_FAILED/],
])(
  'a saga that %s: the first violation is thrown, with its run and its history',
  async (flaw, found) => {
    const violation = await crash(flaw).then(String, String);
    expect(violation).toMatch(found);
    expect(violation).toMatch(
      /CrashViolation: toy, .*\n {2}.*\n {2}history of the saga:\n {4}claim 1: /,
    );
  },
);

it('a test of a few lines, on services that all runs share: it finds the same mistake', async () => {
  let world = emptySagaWorld();
  const shared = new Proxy(world, { get: (_, key) => Reflect.get(world, key) });
  const test = {
    input: {},
    begin: () => {
      world = emptySagaWorld();
      return world;
    },
    check: expectWhole,
  };
  expect(await crashEverywhere(toySaga(shared), test)).toMatchObject({ missed: [] });
  await expect(crashEverywhere(toySaga(shared, 'pays-without-looking'), test)).rejects.toThrow(
    'paid 2',
  );
});
