// The twins of I8: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const SAME_REQUEST_SAME_SAGA = [
  {
    name: 'key-by-a-read-before-the-write',
    invariant: 'I8',
    mechanism: {
      what: 'a partial unique index on the key decides, not a read',
      file: 'packages/saga/src/log/mongodb/saga-log-indexes.ts',
    },
    guardedBy: [
      inEngine(
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
  {
    name: 'index-checked-by-its-name',
    invariant: 'I8',
    mechanism: {
      what: 'the migration checks what an index does, and makes a wrong one anew',
      file: 'src/main/migration/ensure-indexes.ts',
    },
    guardedBy: [
      at('integration/migration.test.ts', 'an index of ours that %s: made as it is declared'),
    ],
    title: 'an index checked by its name alone: two sagas of one key, and caught',
    breach: 'one key, and more than one open saga',
  },
  {
    name: 'child-of-a-fresh-id',
    invariant: 'I8',
    mechanism: {
      what: 'a run begins the saga of an orphan under an id that follows from both, whoever runs it and however often',
      file: 'src/sync/repair-drift.ts',
    },
    guardedBy: [
      inEngine(
        'contracts/saga-log.ts',
        'an id that is there, open or ended: that saga, whoever orders it again and whatever for (I8)',
      ),
      at(
        'faults/crash-sync-wallet.full.test.ts',
        'sync-wallet, its worker dies at every point: every orphan paid by one saga, and a second run changes nothing',
      ),
    ],
    title: 'a child under a fresh id: begun again by a worker that takes over, and caught',
    breach: 'one orphan of one run, and two sagas to pay it back',
  },
] as const satisfies readonly TwinFacts[];
