import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSlots } from '../../src/run/slots.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What has become of a wait by now. */
async function now(wait: Promise<boolean>): Promise<boolean | 'waits'> {
  await setImmediate();
  return Promise.race([wait, Promise.resolve('waits' as const)]);
}

it('all slots are taken: what was accepted here gets none, a wake-up waits for the first that is given back', async () => {
  const slots = createSlots(2);
  expect([slots.tryTake(), slots.tryTake(), slots.tryTake()]).toEqual([true, true, false]);
  const woken = slots.take();
  expect(await now(woken)).toBe('waits');
  slots.give();
  expect(await now(woken)).toBe(true);
  expect(slots.tryTake()).toBe(false);
});

it('wake-ups wait: first come, first served, and before what is accepted later', async () => {
  const slots = createSlots(1);
  slots.tryTake();
  const [first, second] = [slots.take(), slots.take()];
  slots.give();
  expect([await now(first), await now(second), slots.tryTake()]).toEqual([true, 'waits', false]);
  slots.give();
  expect(await now(second)).toBe(true);
  slots.give();
  expect(slots.tryTake()).toBe(true);
});

it('a wake-up has waited for a second: it goes back to the queue, and takes no slot any more', async () => {
  const slots = createSlots(1);
  slots.tryTake();
  const woken = slots.take();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await now(woken)).toBe(false);
  slots.give();
  expect(slots.tryTake()).toBe(true);
});
