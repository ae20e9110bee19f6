// Group commit: callers that wait at the same time share one round trip. While one flush is under way
// items wait, then they go out together as the next; an item that comes alone goes out at once. With n
// callers in flight the database sees a few large batches instead of n small writes, and nobody waits
// for a timer. Order is first come, first served. What an item means, and whether it landed, is the
// flush's business: this file only guarantees that every item gets its own answer or the flush's error.

import { UnavailableError } from '../../saga/errors.ts';

export interface GroupCommitOptions<Item, Result> {
  /** Carries a batch and answers item by item, in the batch's order. At most one runs at a time, so it
   * needs a deadline of its own: everybody behind a flush that hangs waits for it. */
  readonly flush: (items: Item[]) => Promise<Result[]>;
  /** The most items of one flush. */
  readonly maxBatch: number;
}

/** Batches that may wait behind the one under way. Beyond it the database is not slow but away, and a
 * queue that grows without end would take the process with it. */
const MAX_WAITING_BATCHES = 100;

interface Waiter<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** @returns a function that puts an item into the next batch and gives its result.
 * @throws (from that function) the flush's own error, the same one for every item of its batch, or
 * UnavailableError `GROUP_COMMIT_FULL` when too many wait: that item was never sent. */
export function createGroupCommit<Item, Result>({
  flush,
  maxBatch,
}: GroupCommitOptions<Item, Result>): (item: Item) => Promise<Result> {
  if (!Number.isInteger(maxBatch) || maxBatch < 1) {
    throw new RangeError(`maxBatch must be a positive integer, not ${maxBatch}`);
  }
  const waiting: Waiter<Item, Result>[] = [];
  let isFlushing = false;
  let hasCompany = false;

  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      // Under load the callers whose answers lie in the sockets already are let in first: batches grow by
      // a third. Who comes alone, and came alone before, waits for nobody but the callers of the same tick.
      await (hasCompany ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve());
      const batch = waiting.splice(0, maxBatch);
      hasCompany = batch.length > 1;
      await flushOne(batch, flush);
    }
    isFlushing = false;
  }

  return (item) => {
    if (waiting.length >= maxBatch * MAX_WAITING_BATCHES) {
      return Promise.reject(
        new UnavailableError('GROUP_COMMIT_FULL', `${waiting.length} items wait to be written`),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    waiting.push({ item, resolve, reject });
    if (!isFlushing) {
      isFlushing = true;
      void flushAll();
    }
    return promise;
  };
}

/** Never throws: an error belongs to the items of its batch, not to those that wait behind them. */
async function flushOne<Item, Result>(
  batch: readonly Waiter<Item, Result>[],
  flush: GroupCommitOptions<Item, Result>['flush'],
): Promise<void> {
  try {
    const results = await flush(batch.map(({ item }) => item));
    if (results.length !== batch.length) {
      throw new Error(`a flush of ${batch.length} items gave ${results.length} results`);
    }
    batch.forEach(({ resolve }, index) => {
      resolve(results[index] as Result);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
