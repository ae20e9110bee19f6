// The crashes themselves, on a saga that has nothing to do with bots: a definition that keeps its promise passes,
// and each of the classic mistakes is found. What finds nothing shows nothing.

import { expect, it } from 'vitest';
import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import { crashEverywhere } from '../support/crash/crash-everywhere.ts';
import { expire } from '../support/crash/crash-ground.ts';
import { type Flaw, toySaga, toyScenarios } from '../support/crash/toy.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTestSagaLog, openTestSagaLog } from '../support/saga-log.ts';

async function crash(flaw?: Flaw) {
  const connection = await createTestDatabase();
  const { log, clock } = await createTestSagaLog(connection);
  const logs = [log, (await openTestSagaLog(connection)).log];
  const nobody = { change: async () => undefined, read: async () => null };
  return crashEverywhere(toySaga(nobody), {
    ground: { logs, clock, expire: (id: SagaId) => expire(connection, id) },
    scenarios: toyScenarios(connection, flaw),
    isExhaustive: false,
    isOverQueue: flaw === undefined,
  });
}

it('a saga that keeps its promise: no harm at any point, and none left out', async () => {
  const { points, runs, queued, problems, missed } = await crash();
  expect(problems).toEqual([]);
  expect(missed).toEqual([]);
  expect(runs).toBeGreaterThan(100);
  expect(points).toBeGreaterThan(queued);
  expect(queued).toBeGreaterThan(10);
});

it.each<[Flaw, RegExp]>([
  ['pays-without-looking', /paid 2/],
  ['undoes-by-its-log', /cancelled.*died at \[run take: after\].*taken true, paid 0/],
  ['takes-late', /back at-the-end: after the dead came back.*taken true, paid 0/],
  ['pays-after-turning-back', /any more.*after the dead came back.*paid 1/],
])('a saga that %s: found', async (flaw, found) => {
  const { problems } = await crash(flaw);
  expect(problems.join('\n')).toMatch(found);
});
