// A question to MongoDB that a scrape asks. A scrape must neither hang nor fail because MongoDB is away: it
// waits for a bounded time, and goes on without a new value. Gauges of one answer share one question, and a
// question that hangs is not asked again before it has ended.

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
      // A failure leaves the last values; that MongoDB is away is told by its own health.
      .then(show, () => undefined)
      .finally(() => {
        asked = undefined;
      });
  return async () => {
    asked ??= ask();
    await within(asked, { ms: deadlineMs, late: undefined });
  };
}
