// The database's time without asking for it each time: the server's clock is read every few seconds and
// carried on by this process's monotonic clock, which nobody sets. A worker's wall clock is never used.

import type { Connection } from 'mongoose';
import type { Clock } from '../../saga/ports/clock.ts';
import { runRepeatable } from './mongo-errors.ts';

export interface DatabaseClock extends Clock {
  stop(): Promise<void>;
}

const READ_EVERY_MS = 10_000;

/** Reads the time once before it returns, so that no caller ever sees another clock.
 * @throws UnavailableError when MongoDB does not answer. */
export async function startDatabaseClock(connection: Connection): Promise<DatabaseClock> {
  let offsetMs = await runRepeatable(() => readOffset(connection));
  let reading: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    reading = readOffset(connection).then(
      (fresh) => {
        offsetMs = fresh;
      },
      // The last offset stays right while the database is away: a monotonic clock hardly drifts.
      () => undefined,
    );
  }, READ_EVERY_MS);
  return {
    nowMs: () => Math.round(performance.now() + offsetMs),
    stop: async () => {
      clearInterval(timer);
      await reading;
    },
  };
}

/** What to add to `performance.now()`: the answer was true about half a round trip ago. */
async function readOffset(connection: Connection): Promise<number> {
  const sentMs = performance.now();
  const reply = await connection.db?.admin().command({ hello: 1 });
  const receivedMs = performance.now();
  const localTime: unknown = reply?.localTime;
  if (!(localTime instanceof Date)) throw new Error('MongoDB did not tell its time');
  return localTime.getTime() - (sentMs + receivedMs) / 2;
}
