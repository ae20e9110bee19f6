// The twins of I8: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const SAME_REQUEST_SAME_SAGA = {
  'key-by-a-read-before-the-write': {
    mechanism: 'a partial unique index on the key decides, not a read',
    file: 'packages/saga/src/log/mongodb/saga-log-indexes.ts',
    guardedBy: {
      'packages/saga/test/contracts/saga-log.ts':
        '50 inserts of one key at once from two processes: one saga, 50 equal answers (I8)',
      'test/e2e/concurrency.test.ts':
        '50 parallel DELETEs of one bot and one after the end: one saga, one refund, one job, one entry',
    },
    bug: 'a key that is looked for before the write',
    breach: 'one bot, and more than one saga',
  },
  'index-checked-by-its-name': {
    mechanism: 'the migration checks what an index does, and makes a wrong one anew',
    file: 'src/main/migration/ensure-indexes.ts',
    guardedBy: {
      'test/integration/migration.test.ts': 'an index of ours that %s: made as it is declared',
    },
    bug: 'an index checked by its name alone',
    breach: 'one key, and more than one open saga',
  },
  'child-of-a-fresh-id': {
    mechanism:
      'a run begins the saga of an orphan under an id that follows from both, in any process and however often',
    file: 'src/sync/repair-drift.ts',
    guardedBy: {
      'test/unit/sync-wallet-repair.test.ts':
        'a confirmed orphan: the log has the confirmation before a saga is begun on it, under the id that is its own',
      'packages/saga/test/contracts/saga-log.ts':
        'an id that is there, open or ended: that saga, by any caller and for any purpose (I8)',
      'test/faults/crash-sync-wallet.full.test.ts':
        'sync-wallet, its worker dies at every point: every orphan paid by one saga, and a second run changes nothing',
    },
    bug: 'a child under a fresh id',
    breach: 'one orphan of one run, and two sagas to pay it back',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
