// Group commit: callers that wait at the same time share one round trip. While one flush is under way
// items wait, then they go out together as the next; an item that comes alone goes out at once. With n
// callers in flight the database sees a few large batches instead of n small writes, and no caller waits
// for a timer. Order is first come, first served. What an item means, and whether it landed, is the
// flush's business. This file guarantees that every item gets its own answer: a batch that is refused for what one of
// its items holds goes out again in halves, until that item is alone with its error, and a flush that hangs keeps
// no item behind it.

import { UnavailableError } from '../errors.ts';
import { within } from '../run/deadline.ts';
import { isContent } from './mongo-errors.ts';

export interface GroupCommitOptions<Item, Result> {
  /** Carries a batch and answers item by item, in the batch's order. Must do no harm when it is sent again, whole or in
   * parts: what of it has landed says so. */
  readonly flush: (items: Item[]) => Promise<Result[]>;
  /** The most items of one flush. */
  readonly maxBatch: number;
  /** A flush that takes longer is waited for by its own items alone. */
  readonly patienceMs?: number;
}

/** Batches that may wait behind the one under way. Beyond it the database is not slow but away, and a
 * queue that grows without end would take the process with it. */
const MAX_WAITING_BATCHES = 100;
/** As long as a slow majority takes, and much less than a connection that died is held for (30 s). */
const PATIENCE_MS = 5_000;
/** Flushes beside each other, those that hang included: of more the database itself is the matter. */
const MAX_BESIDE = 4;
/** Of one batch, in parts: enough to find a few of 500. What is left then has the error of the last part. */
const MAX_PARTS = 64;

interface Waiter<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

type Flush<Item, Result> = GroupCommitOptions<Item, Result>['flush'];

/** @returns a function that puts an item into the next batch and gives its result.
 * @throws (from that function) the flush's own error, the same one for every item of its batch, but for one that speaks
 * of the content of an item; or UnavailableError `GROUP_COMMIT_FULL` when too many wait: that item was never sent. */
export function createGroupCommit<Item, Result>({
  flush,
  maxBatch,
  patienceMs = PATIENCE_MS,
}: GroupCommitOptions<Item, Result>): (item: Item) => Promise<Result> {
  if (!Number.isInteger(maxBatch) || maxBatch < 1) {
    throw new RangeError(`maxBatch must be a positive integer, not ${maxBatch}`);
  }
  const waiting: Waiter<Item, Result>[] = [];
  const underWay = new Set<Promise<void>>();
  let isFlushing = false;
  let hasCompany = false;

  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      // Under load the callers whose answers lie in the sockets already are let in first: batches grow by
      // a third. A caller that comes alone, and came alone before, waits only for the callers of the same tick.
      await (hasCompany ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve());
      const batch = waiting.splice(0, maxBatch);
      hasCompany = batch.length > 1;
      await begin(batch);
    }
    isFlushing = false;
  }

  async function begin(batch: readonly Waiter<Item, Result>[]): Promise<void> {
    const flushed = flushInParts(batch, flush).finally(() => void underWay.delete(flushed));
    underWay.add(flushed);
    await within(flushed, { ms: patienceMs, late: null });
    while (underWay.size >= MAX_BESIDE) await Promise.race(underWay);
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
async function flushInParts<Item, Result>(
  batch: readonly Waiter<Item, Result>[],
  flush: Flush<Item, Result>,
): Promise<void> {
  const parts = [batch];
  for (let sent = 1; parts.length > 0; sent += 1) {
    const part = parts.pop() ?? [];
    try {
      await flushOne(part, flush);
    } catch (error) {
      const half = part.length >> 1;
      if (half > 0 && sent < MAX_PARTS && isContent(error)) {
        parts.push(part.slice(half), part.slice(0, half));
      } else {
        for (const { reject } of part) reject(error);
      }
    }
  }
}

async function flushOne<Item, Result>(
  batch: readonly Waiter<Item, Result>[],
  flush: Flush<Item, Result>,
): Promise<void> {
  const results = await flush(batch.map(({ item }) => item));
  if (results.length !== batch.length) {
    throw new Error(`a flush of ${batch.length} items gave ${results.length} results`);
  }
  batch.forEach(({ resolve }, index) => {
    resolve(results[index] as Result);
  });
}
