// A deadline that passes around a step's first attempt: what the steps before it have used up is not held against it.

import { expect, it } from 'vitest';
import { startInMemory } from '../support/memory-engine.ts';
import { emptySagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';

const { pivot, undoable } = stepsOf(emptySagaWorld());

const LIMIT_MS = 30_000;
/** Longer than what is left to the first attempt before the deadline, much shorter than what it gets. */
const TAKES_MS = 100;

it.each([-10, 0, 10])(
  'the steps before it end at %i ms of the deadline: it is tried, for as long as after it',
  async (aroundMs) => {
    const slow = undoable('a', {
      run: async ({ startedAtMs, nowMs }) => {
        const untilMs = (startedAtMs ?? 0) + LIMIT_MS + aroundMs;
        return nowMs() < untilMs ? { waitUntilMs: untilMs } : {};
      },
    });
    const late = undoable('b', {
      run: () => new Promise((resolve) => setTimeout(resolve, TAKES_MS, {})),
      deadline: {
        at: ({ startedAtMs }) => (startedAtMs === null ? null : startedAtMs + LIMIT_MS),
        expired: async () => ({ warnings: [{ code: 'given-up', message: 'not tried' }] }),
      },
    });
    const { state } = await (
      await startInMemory(sagaOf([slow, late, pivot('pay')]), {})
    ).runToRest();
    expect(state).toMatchObject({ phase: 'completed', warnings: [] });
  },
);
