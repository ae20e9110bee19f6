import { expect, test, vi } from 'vitest';
import { createGroupCommit } from '../../src/mongodb/group-commit.ts';
import { cannotHold } from '../../src/mongodb/mongo-errors.ts';

/** A flush that records its batches and ends when told. */
function createManualFlush() {
  const batches: { items: number[]; end: (results: number[]) => void; fail: (e: Error) => void }[] =
    [];
  const flush = (items: number[]) =>
    new Promise<number[]>((end, fail) => {
      batches.push({ items, end, fail });
    });
  return { batches, flush };
}

/** Long enough for a waiting batch to go out: it lets one turn of the event loop pass. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

test('callers of the same tick: one flush, each gets its own result', async () => {
  const sizes: number[] = [];
  const commit = createGroupCommit<number, string>({
    flush: async (items) => {
      sizes.push(items.length);
      return items.map((item) => `r${item}`);
    },
    maxBatch: 10,
  });
  expect(await Promise.all([1, 2, 3].map(commit))).toEqual(['r1', 'r2', 'r3']);
  expect(sizes).toEqual([3]);
});

test('items that come during a flush: they go out together as the next', async () => {
  const { batches, flush } = createManualFlush();
  const commit = createGroupCommit({ flush, maxBatch: 10 });
  const first = commit(1);
  await settle();
  const later = [commit(2), commit(3)];
  await settle();
  expect(batches.map(({ items }) => items)).toEqual([[1]]);
  batches[0]?.end([10]);
  expect(await first).toBe(10);
  await settle();
  expect(batches.map(({ items }) => items)).toEqual([[1], [2, 3]]);
  batches[1]?.end([20, 30]);
  expect(await Promise.all(later)).toEqual([20, 30]);
});

test('more items than a batch holds: several flushes, one after the other, in order', async () => {
  let running = 0;
  const observed: number[][] = [];
  const commit = createGroupCommit<number, number>({
    flush: async (items) => {
      expect(++running).toBe(1);
      observed.push(items);
      await settle();
      running--;
      return items;
    },
    maxBatch: 2,
  });
  await Promise.all([1, 2, 3, 4, 5].map(commit));
  expect(observed).toEqual([[1, 2], [3, 4], [5]]);
});

test('a flush that throws: each of its items gets the error, the next batch goes on', async () => {
  const { batches, flush } = createManualFlush();
  const commit = createGroupCommit({ flush, maxBatch: 2 });
  const failing = [commit(1), commit(2)];
  const next = commit(3);
  await settle();
  const error = new Error('connection lost');
  batches[0]?.fail(error);
  for (const result of await Promise.allSettled(failing)) {
    expect(result).toEqual({ status: 'rejected', reason: error });
  }
  await settle();
  batches[1]?.end([30]);
  expect(await next).toBe(30);
});

test('a flush that throws before it waits: its items are rejected', async () => {
  const commit = createGroupCommit<number, number>({
    flush: () => {
      throw new Error('at once');
    },
    maxBatch: 2,
  });
  await expect(commit(1)).rejects.toThrow('at once');
  await expect(commit(2)).rejects.toThrow('at once');
});

test('a flush that answers for fewer items than it got: nobody gets the answer of another', async () => {
  const commit = createGroupCommit<number, number>({ flush: async () => [1], maxBatch: 5 });
  const results = await Promise.allSettled([commit(1), commit(2)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('too many waiting: the newest is refused as unavailable, the others are not', async () => {
  const { batches, flush } = createManualFlush();
  const commit = createGroupCommit({ flush, maxBatch: 1 });
  const first = commit(0);
  await settle();
  const waiting = Array.from({ length: 100 }, (_, index) => commit(index + 1));
  await expect(commit(101)).rejects.toMatchObject({ code: 'GROUP_COMMIT_FULL' });
  for (let index = 0; index <= 100; index++) {
    batches[index]?.end([index]);
    await settle();
  }
  expect(await first).toBe(0);
  expect((await Promise.all(waiting)).at(-1)).toBe(100);
});

test('maxBatch that is not a positive integer: refused', () => {
  for (const maxBatch of [0, -1, 1.5, Number.NaN]) {
    expect(() => createGroupCommit({ flush: async () => [], maxBatch })).toThrow(RangeError);
  }
});

test('one item that cannot be held among 500: it fails alone, after a few flushes', async () => {
  const BAD = 333;
  let flushes = 0;
  const commit = createGroupCommit<number, number>({
    flush: async (items) => {
      flushes += 1;
      if (items.includes(BAD)) throw cannotHold(new Error('too large'));
      return items;
    },
    maxBatch: 500,
  });
  const results = await Promise.allSettled(Array.from({ length: 500 }, (_, n) => commit(n)));
  const failed = results.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []));
  expect(failed).toEqual([BAD]);
  expect(flushes).toBeLessThan(25);
});

test('nothing can be held: every item has the error, after a bounded number of flushes', async () => {
  let flushes = 0;
  const commit = createGroupCommit<number, number>({
    flush: async () => {
      flushes += 1;
      throw cannotHold(new Error('too large'));
    },
    maxBatch: 500,
  });
  const results = await Promise.allSettled(Array.from({ length: 500 }, (_, n) => commit(n)));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(flushes).toBeLessThan(200);
});

test('a flush that hangs: it keeps nobody behind it, and its own items get their answer when it comes', async () => {
  const { batches, flush } = createManualFlush();
  const commit = createGroupCommit({ flush, maxBatch: 1, patienceMs: 5 });
  const hanging = commit(1);
  await settle();
  const next = commit(2);
  await vi.waitFor(() => expect(batches).toHaveLength(2));
  batches[1]?.end([20]);
  expect(await next).toBe(20);
  batches[0]?.end([10]);
  expect(await hanging).toBe(10);
});

test('flushes that hang: no more than four beside each other', async () => {
  const { batches, flush } = createManualFlush();
  const commit = createGroupCommit({ flush, maxBatch: 1, patienceMs: 1 });
  const items = Array.from({ length: 6 }, (_, n) => commit(n));
  await vi.waitFor(() => expect(batches).toHaveLength(4));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(batches).toHaveLength(4);
  for (let n = 0; n < 6; n += 1) {
    await vi.waitFor(() => expect(batches.length).toBeGreaterThan(n));
    batches[n]?.end([n]);
  }
  expect(await Promise.all(items)).toEqual([0, 1, 2, 3, 4, 5]);
});
