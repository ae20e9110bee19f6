// Repeated jobs as BullMQ job schedulers. They live in Redis alone: the process that keeps them makes them again when
// they are gone. One that is there with the same interval is not touched, or its next run would move each time.

import type { Queue } from 'bullmq';

export interface Schedule {
  /** The scheduler's id, and the name of its jobs. */
  readonly name: string;
  /** 0: it must not exist. */
  readonly everyMs: number;
}

/** A tick that meets a database that is away tries again within the hour. */
const TICK_OPTIONS = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 5_000 },
  removeOnComplete: { count: 100 },
  removeOnFail: { count: 100 },
} as const;

/** Redis calls have no deadline of their own; the caller comes again. */
export async function ensureSchedule(
  queue: Queue,
  { name, everyMs }: Schedule,
  nowMs: number,
): Promise<'present' | 'made' | 'removed'> {
  const found = await queue.getJobScheduler(name);
  if (everyMs === 0) {
    if (found !== undefined) await queue.removeJobScheduler(name);
    return 'removed';
  }
  if (found !== undefined && Number(found.every) === everyMs) return 'present';
  // By default the first run comes at once: a flush of Redis is no reason for one.
  const startDate = nowMs + everyMs;
  await queue.upsertJobScheduler(name, { every: everyMs, startDate }, { name, opts: TICK_OPTIONS });
  return 'made';
}
