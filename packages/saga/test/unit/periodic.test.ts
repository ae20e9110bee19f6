// A loop whose turn hangs on an answer that never comes: the loop goes on without it (I10).

import { expect, it, onTestFinished, vi } from 'vitest';
import { createPeriodic, STOP_WITHIN_MS } from '../../src/run/periodic.ts';

const hanging = () => new Promise<never>(() => undefined);

function useTimers(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

it('a turn that hangs: given up, told, its signal fires, and the next turns come', async () => {
  useTimers();
  const signals: AbortSignal[] = [];
  const errors: unknown[] = [];
  const periodic = createPeriodic({
    everyMs: 100,
    limitMs: 1_000,
    onError: (error) => void errors.push(error),
    turn: (signal) => (signals.push(signal) === 1 ? hanging() : Promise.resolve()),
  });
  periodic.start();
  await vi.advanceTimersByTimeAsync(999);
  expect([signals.length, errors.length]).toEqual([1, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(signals.length).toBeGreaterThan(5);
  expect(errors).toMatchObject([{ code: 'TURN_OVERDUE' }]);
  expect(signals[0]?.aborted).toBe(true);
  const stopped = periodic.stop();
  await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS);
  await stopped;
});

it('all turns hang: no more than ten at once, and each that is left out is told', async () => {
  useTimers();
  let turns = 0;
  const errors: unknown[] = [];
  const periodic = createPeriodic({
    everyMs: 100,
    limitMs: 1_000,
    onError: (error) => void errors.push(error),
    turn: () => {
      turns += 1;
      return hanging();
    },
  });
  periodic.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(turns).toBe(10);
  expect(errors.at(-1)).toMatchObject({ code: 'TURNS_HANG' });
  const stopped = periodic.stop();
  await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS);
  await stopped;
});

it('stopped in the middle of a turn: waits for its end, and begins no other', async () => {
  useTimers();
  const gate = Promise.withResolvers<void>();
  let turns = 0;
  const periodic = createPeriodic({
    everyMs: 1,
    limitMs: 60_000,
    onError: () => undefined,
    turn: () => {
      turns += 1;
      return gate.promise;
    },
  });
  periodic.start();
  let hasStopped = false;
  const stopped = periodic.stop().then(() => {
    hasStopped = true;
  });
  await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS - 1);
  expect(hasStopped).toBe(false);
  gate.resolve();
  await stopped;
  expect(turns).toBe(1);
});

it.each([
  [
    'at once',
    () => {
      throw new Error('the log is full');
    },
  ],
  ['later', () => Promise.reject(new Error('the log is full'))],
])('a turn fails, and its report too, %s: the next turns come', async (_, onError) => {
  useTimers();
  let turns = 0;
  const periodic = createPeriodic({
    everyMs: 100,
    limitMs: 1_000,
    onError: onError as () => void,
    turn: async () => {
      turns += 1;
      throw new Error('a turn');
    },
  });
  periodic.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(turns).toBeGreaterThan(5);
  await periodic.stop();
});
