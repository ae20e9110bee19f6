// The database's time without asking for it each time: the server's clock is read every few seconds and
// carried forward by this process's monotonic clock, which cannot be set. A worker's wall clock is never used.

import type { Db } from 'mongodb';
import type { Clock } from '../run/clock.ts';
import { createPeriodic } from '../run/periodic.ts';
import { runRepeatable } from './mongo-errors.ts';

export interface DatabaseClock extends Clock {
  stop(): Promise<void>;
}

export interface DatabaseClockOptions {
  readonly readEveryMs?: number;
  /** A reading that takes longer is given up. */
  readonly readWithinMs?: number;
  /** One reading: the server's own time, ms. Default: a command to MongoDB. */
  readonly readServerMs?: () => Promise<number>;
}

const READ_EVERY_MS = 10_000;
const READ_WITHIN_MS = 10_000;

/** Reads the time once before it returns, so that no caller ever sees another clock.
 * @throws UnavailableError when MongoDB does not answer. */
export async function startDatabaseClock(
  db: Db,
  options: DatabaseClockOptions = {},
): Promise<DatabaseClock> {
  const { readEveryMs = READ_EVERY_MS, readWithinMs = READ_WITHIN_MS } = options;
  const { readServerMs = () => serverMs(db) } = options;
  const read = () => readOffset(readServerMs);
  const first = await runRepeatable(read);
  let offsetMs = (first.leastMs + first.mostMs) / 2;
  const readings = createPeriodic({
    everyMs: readEveryMs,
    limitMs: readWithinMs,
    waitsFirst: true,
    turn: async (signal) => {
      const range = await read();
      // A reading that was given up may come from a server that is not the primary any more.
      if (!signal.aborted) offsetMs = corrected(offsetMs, range);
    },
    // The last offset stays right while the database is away: a monotonic clock hardly drifts.
    onError: () => undefined,
  });
  readings.start();
  return {
    nowMs: () => Math.round(performance.now() + offsetMs),
    monotonicMs: () => performance.now(),
    stop: () => readings.stop(),
  };
}

/** What to add to `performance.now()`, as far as one reading shows: the server read its clock at some moment between
 * the question and the answer. */
interface OffsetRange {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** A reading that agrees with what is known changes nothing: of an answer that was long on its way it is unknown which
 * half was, and half of it taken off would set the clock back by seconds. One that disagrees moves the clock no further
 * than it proves. */
export function corrected(offsetMs: number, { leastMs, mostMs }: OffsetRange): number {
  return Math.min(Math.max(offsetMs, leastMs), mostMs);
}

async function readOffset(readServerMs: () => Promise<number>): Promise<OffsetRange> {
  const sentMs = performance.now();
  const timeMs = await readServerMs();
  const receivedMs = performance.now();
  // The server cuts its time to whole milliseconds.
  return { leastMs: timeMs - receivedMs, mostMs: timeMs + 1 - sentMs };
}

async function serverMs(db: Db): Promise<number> {
  const reply = await db.admin().command({ hello: 1 });
  const localTime: unknown = reply.localTime;
  if (!(localTime instanceof Date)) throw new Error('MongoDB did not answer with its time');
  return localTime.getTime();
}
