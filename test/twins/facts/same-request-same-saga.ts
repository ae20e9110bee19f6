// The twins of I8: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const SAME_REQUEST_SAME_SAGA = [
  {
    name: 'key-by-a-read-before-the-write',
    invariant: 'I8',
    mechanism: {
      what: 'a partial unique index on the key decides, not a read',
      file: 'src/adapters/mongo/saga-log/saga-log-indexes.ts',
    },
    guardedBy: [
      at(
        'contracts/saga-log.ts',
        '50 inserts of one key at once from two processes: one saga, 50 equal answers (I8)',
      ),
      at(
        'e2e/concurrency.test.ts',
        '50 parallel DELETEs of one bot and one after the end: one saga, one refund, one job, one entry',
      ),
    ],
    title: 'a key that is looked for before the write: two sagas, and caught',
    breach: 'one bot, and more than one saga',
  },
] as const satisfies readonly TwinFacts[];
