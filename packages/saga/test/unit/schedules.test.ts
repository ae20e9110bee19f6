// Whether a schedule is there is Redis's word; what follows from it is decided here.

import type { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { ensureSchedule } from '../../src/queue/schedules.ts';

it.each([
  { found: undefined, everyMs: 5_000, result: 'made', asked: [{ every: 5_000, startDate: 6_000 }] },
  {
    found: { every: '4000' },
    everyMs: 5_000,
    result: 'made',
    asked: [{ every: 5_000, startDate: 6_000 }],
  },
  { found: { every: '5000' }, everyMs: 5_000, result: 'present', asked: [] },
  { found: { every: '5000' }, everyMs: 0, result: 'removed', asked: ['removed'] },
  { found: undefined, everyMs: 0, result: 'removed', asked: [] },
])(
  'there is $found, every $everyMs ms is wanted: $result, and one that is right is not moved',
  async ({ found, everyMs, result, asked }) => {
    const done: unknown[] = [];
    const queue = {
      getJobScheduler: async () => found,
      removeJobScheduler: async () => done.push('removed'),
      upsertJobScheduler: async (_: string, repeat: unknown) => done.push(repeat),
    };
    const schedule = { name: 'tick', everyMs };
    expect(await ensureSchedule(queue as unknown as Queue, schedule, 1_000)).toBe(result);
    expect(done).toEqual(asked);
  },
);
