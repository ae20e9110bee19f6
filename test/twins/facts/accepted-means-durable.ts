// The twins of I7: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const ACCEPTED_MEANS_DURABLE = {
  'enqueued-and-not-inserted': {
    mechanism: 'the saga is on a majority before the caller gets its answer',
    file: 'packages/saga/src/log/mongodb/insert-sagas.ts',
    guardedBy: {
      'test/e2e/outages.test.ts':
        'loses everything between the 202 and the end, twice: every deletion completes',
      'packages/saga/test/integration/queue.test.ts':
        'between the acceptance and the start: brought back within seconds, done once (I7)',
    },
    bug: 'enqueued and not yet inserted',
    breach: 'accepted, and gone with Redis',
    isPlayed: true,
  },
  'job-trusted': {
    mechanism: 'a wake-up is made again from any state of its job',
    file: 'packages/saga/src/queue/bullmq-wake-ups.ts',
    guardedBy: {
      'packages/saga/test/integration/queue.test.ts': [
        '%s: it waits afterwards, and the saga ends',
        'while the saga sleeps: brought back when it is due',
        'in the middle of a step: the saga goes on, and its effects happen once',
      ],
    },
    bug: "a job's state taken for the saga's",
    breach: 'the saga is open, and no job waits for a worker',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
