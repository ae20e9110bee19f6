// The crashes themselves, on a saga that has nothing to do with bots: a definition that keeps its promise passes,
// and each of the classic mistakes is found. What finds nothing shows nothing.

import { expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { SagaId } from '../../src/saga-id.ts';
import { crashEverywhere } from '../../src/testing/crash/crash-everywhere.ts';
import { driveOverQueue } from '../support/drive-over-queue.ts';
import { createTestSagaLog, expire, openTestSagaLog } from '../support/saga-log.ts';
import { type Flaw, toySaga, toyScenarios } from '../support/toy.ts';

async function crash(flaw?: Flaw) {
  const connection = await createTestDatabase();
  const { log, clock } = await createTestSagaLog(connection);
  const logs = [log, (await openTestSagaLog(connection)).log];
  const nobody = { change: async () => undefined, read: async () => null };
  return crashEverywhere(toySaga(nobody), {
    ground: {
      logs,
      clock,
      expire: (id: SagaId) => expire(connection, id),
      ...(flaw === undefined && { overQueue: driveOverQueue }),
    },
    scenarios: toyScenarios(connection, flaw),
    isExhaustive: false,
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
