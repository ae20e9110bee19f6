import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pause, withDeadline } from '../../src/run/deadline.ts';

// Only those timers that the tests' own code sets can be counted: the process has others, which come and go.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Timers that are still running. */
const timers = () => vi.getTimerCount();
const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length;
const late = (why: string) => new Error(why);
const hanging = () => new Promise<never>(() => undefined);

it.each([
  ['succeeds', async () => 7, 7],
  ['fails', () => Promise.reject(new Error('broken')), 'broken'],
  [
    'throws before it waits',
    () => {
      throw new Error('at once');
    },
    'at once',
  ],
])(
  'work that %s in time: its own outcome, no timer and no listener left',
  async (_, work, outcome) => {
    const parent = new AbortController();
    const before = timers();
    const options = { ms: 60_000, signal: parent.signal, late };
    const result = await withDeadline(work, options).catch((error: Error) => error.message);
    expect(result).toBe(outcome);
    expect(timers()).toBe(before);
    expect(listeners(parent)).toBe(0);
  },
);

it('work that never ends: the deadline answers and its signal fires, nothing is left', async () => {
  const parent = new AbortController();
  const before = timers();
  let observed: AbortSignal | undefined;
  const work = (signal: AbortSignal) => {
    observed = signal;
    return hanging();
  };
  const options = { ms: 20, signal: parent.signal, late };
  await expect(withDeadline(work, options)).rejects.toThrow('timeout');
  expect(observed?.reason).toMatchObject({ message: 'timeout' });
  expect(timers()).toBe(before);
  expect(listeners(parent)).toBe(0);
});

it('the parent aborts: the work is cut at once; aborted before: it does not even begin', async () => {
  const parent = new AbortController();
  const before = timers();
  const options = { ms: 60_000, signal: parent.signal, late };
  const cut = withDeadline(hanging, options);
  parent.abort();
  await expect(cut).rejects.toThrow('aborted');
  let hasBegun = false;
  const begin = async () => {
    hasBegun = true;
  };
  await expect(withDeadline(begin, options)).rejects.toThrow('aborted');
  expect(hasBegun).toBe(false);
  expect(timers()).toBe(before);
  expect(listeners(parent)).toBe(0);
});

it('work that fails after its deadline: heard by nobody, and no unhandled rejection', async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const options = { ms: 5, signal: new AbortController().signal, late };
  await expect(withDeadline(() => promise, options)).rejects.toThrow('timeout');
  reject(new Error('much later'));
  await expect(promise).rejects.toThrow('much later');
});

it('a pause: a timer for as long as it lasts, cut by an abort, nothing when already aborted; nothing is left', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const before = timers();
  const short = pause(30, signal);
  expect(timers()).toBe(before + 1);
  await short;
  expect(timers()).toBe(before);
  const long = pause(60_000, signal);
  expect(listeners(controller)).toBe(1);
  controller.abort();
  await long;
  await pause(60_000, signal);
  await pause(-1, new AbortController().signal);
  expect(timers()).toBe(before);
  expect(listeners(controller)).toBe(0);
});
