// A worker's machine and the database need not agree about the time: a saga that sleeps is observed when it is due by
// the database, and not again and again before.

import { expect, it } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { Clock } from '../../src/run/clock.ts';
import { makeSagaId } from '../../src/saga-id.ts';
import { createTestQueue } from '../support/saga-queue.ts';

const MINUTE_MS = 60_000;
const SLEEP_MS = 2_000;
/** The first, the one that it is due for, and those of a clock that is read a moment early. */
const FEW = 4;

it.each([
  ['ahead of', -MINUTE_MS],
  ['behind', MINUTE_MS],
])('the machine is a minute %s the database: woken in time, and not before', async (_, offMs) => {
  const queue = await createTestQueue();
  const clock: Clock = {
    nowMs: () => Date.now() + offMs,
    monotonicMs: () => performance.now(),
  };
  const dueMs = clock.nowMs() + SLEEP_MS;
  let polls = 0;
  let isOver = false;
  const run = async () => {
    polls += 1;
    isOver = clock.nowMs() >= dueMs;
    return clock.nowMs() < dueMs
      ? ({ status: 'later', atMs: dueMs } as const)
      : ({ status: 'at-rest', saga: null } as const);
  };
  queue.startWorker({ runner: { run }, clock });
  const id = makeSagaId('del', dueMs, new Uint8Array(16));
  await queue.wakeUps.wake(id, 'delete-bot');
  await waitFor('the last observation', async () => isOver);
  expect(polls).toBeLessThanOrEqual(FEW);
});
