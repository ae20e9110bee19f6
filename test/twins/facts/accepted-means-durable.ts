// The twins of I7: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const ACCEPTED_MEANS_DURABLE = [
  {
    name: 'enqueued-and-not-inserted',
    invariant: 'I7',
    mechanism: {
      what: 'the saga is on a majority before the caller gets its answer',
      file: 'packages/saga/src/log/mongodb/insert-sagas.ts',
    },
    guardedBy: [
      at(
        'e2e/outages.test.ts',
        'loses everything between the 202 and the end, twice: every deletion completes',
      ),
      inEngine(
        'integration/queue.test.ts',
        'between the acceptance and the start: brought back within seconds, done once (I7)',
      ),
    ],
    title: 'enqueued and not yet inserted: gone with Redis, and caught',
    breach: 'accepted, and gone with Redis',
  },
  {
    name: 'job-trusted',
    invariant: 'I7',
    mechanism: {
      what: 'a wake-up is made again from any state of its job',
      file: 'packages/saga/src/queue/bullmq-wake-ups.ts',
    },
    guardedBy: [
      inEngine('integration/queue.test.ts', 'while the saga sleeps: brought back when it is due'),
      inEngine(
        'integration/queue.test.ts',
        'in the middle of a step: the saga goes on, and its effects happen once',
      ),
    ],
    title: "a job's state taken for the saga's: it never runs, and caught",
    breach: 'the saga is open, and no job waits for a worker',
  },
] as const satisfies readonly TwinFacts[];
