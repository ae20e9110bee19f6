// A wait for the end of a saga whose log does not answer: it ends when it was to end, not when the database gives up.

import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { sagaIn } from '../../../../test/support/saga-in.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import { waitForEnd } from '../../src/operate/wait-for-end.ts';

const RUNNING = sagaIn('running');
const { signal } = new AbortController();

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** Answers so often, then never. */
function frozenAfter(answers: readonly SagaRecord[]) {
  const left = [...answers];
  return {
    find: () => {
      const answer = left.shift();
      return answer === undefined ? new Promise<never>(() => undefined) : Promise.resolve(answer);
    },
  };
}

async function settled(waiting: Promise<SagaRecord | null>, ms: number): Promise<unknown> {
  let outcome: unknown = 'waits';
  waiting.then(
    (saga) => {
      outcome = saga;
    },
    (error) => {
      outcome = error.code;
    },
  );
  await vi.advanceTimersByTimeAsync(ms);
  return outcome;
}

it.each([
  [2_000, 1_990, 20],
  [0, 990, 20],
])(
  'the first read has no answer, a wait of %i ms: refused when it is over',
  async (timeoutMs, before, then) => {
    const waiting = waitForEnd(frozenAfter([]), RUNNING.id, timeoutMs, signal);
    expect(await settled(waiting, before)).toBe('waits');
    expect(await settled(waiting, then)).toBe('LOG_LATE');
  },
);

it('a later read has no answer: the newest record when it is over', async () => {
  const waiting = waitForEnd(frozenAfter([RUNNING]), RUNNING.id, 2_000, signal);
  expect(await settled(waiting, 2_010)).toBe(RUNNING);
});

it.each([Number.POSITIVE_INFINITY, 30 * 86_400_000])(
  'a wait longer than a timer can be (%i ms): it waits for the end',
  async (timeoutMs) => {
    const ended = sagaIn('completed', { id: RUNNING.id });
    const slow = (saga: SagaRecord) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return saga;
    };
    const answers = [slow(RUNNING), slow(RUNNING), slow(ended)];
    const find = () => (answers.shift() ?? slow(ended))();
    const waiting = waitForEnd({ find }, RUNNING.id, timeoutMs, signal);
    expect(await settled(waiting, 1_000)).toBe(ended);
  },
);
