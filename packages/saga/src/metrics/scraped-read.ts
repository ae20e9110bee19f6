// A query of MongoDB that a scrape makes. A scrape must neither hang nor fail because MongoDB is unavailable: it waits
// for a bounded time, and continues without a new value. Gauges of one answer share one query, and a query that hangs
// is not repeated before it has ended.

import { within } from '../run/deadline.ts';

const DEADLINE_MS = 1_000;

/** @returns what the gauges of this answer have as their `collect`. */
export function createScrapedRead<T>(
  read: () => Promise<T>,
  show: (answer: T) => void,
  deadlineMs = DEADLINE_MS,
): () => Promise<void> {
  let asked: Promise<void> | undefined;
  const ask = () =>
    read()
      // A failure leaves the last values; its own health check reports that MongoDB is unavailable.
      .then(show, () => undefined)
      .finally(() => {
        asked = undefined;
      });
  return async () => {
    asked ??= ask();
    await within(asked, { ms: deadlineMs, late: undefined });
  };
}
