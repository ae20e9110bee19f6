// The twins of I6: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const POINT_OF_NO_RETURN = {
  'forward-after-an-undo': {
    mechanism: 'a retry continues in the direction that the saga was going',
    file: 'packages/saga/src/machine/orders.ts',
    guardedBy: {
      'packages/saga/test/unit/machine.test.ts':
        'any order: once a saga goes back it never goes forward again (I9)',
      'packages/saga/test/integration/runner.test.ts':
        'a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards',
    },
    bug: 'a retry forward after an undo',
    breach: 'it went forward after its way back had begun',
  },
  'pivot-without-its-intent': {
    mechanism: 'the pivot begins when its intent is on a majority',
    file: 'packages/saga/src/run/journal.ts',
    guardedBy: {
      'test/e2e/cancel.test.ts':
        'in the pivot, which does not get on: 409, and the job finishes forward',
      'packages/saga/test/unit/journal.test.ts':
        'the pivot comes next: its intent is on a majority before it begins (I6)',
    },
    bug: 'a pivot without its intent in the log',
    breach: 'a cancel was accepted, and the money has moved',
  },
  'cancel-by-read-then-write': {
    mechanism: 'cancel and pivot are decided by one conditional write',
    file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    guardedBy: {
      'packages/saga/test/integration/runner-workers.test.ts':
        'raced 100 times: never both paid and undone, and the answer to the cancel is true (I6)',
      'packages/saga/test/contracts/saga-log.ts':
        'an intervention racing with the worker’s write, 40 times: one lands on a revision, the other sees it',
    },
    bug: 'a cancel by read, then write',
    breach: 'a cancel was accepted, and the money has moved',
  },
  'write-conditional-on-a-count': {
    mechanism: 'every write names the one that it was made from, not its number',
    file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    guardedBy: {
      'test/faults/kill-mongod.full.test.ts':
        'a cancel comes before the worker goes on: accepted, and no money moves (I6)',
      'packages/saga/test/contracts/saga-log-failover.ts':
        'a cancel has taken the number of a forgotten write: what was made from that write is a conflict',
    },
    bug: 'a write conditional on a count, after a failover',
    breach: 'a cancel was accepted, and the money has moved',
  },
  'cancel-of-a-stop-that-removes': {
    mechanism: 'no cancel is taken of a step that cannot be undone',
    file: 'packages/saga/src/operate/request-cancel.ts',
    guardedBy: {
      'test/e2e/bots-removed-by-stop.test.ts':
        'cancelled while it stops: refused, and the job finishes forward',
      'test/docker/deletion.test.ts':
        'a bot that was started with --rm, cancelled while it stops: refused, paid',
    },
    bug: 'a cancel of a stop that removes the bot',
    breach: 'a cancel was accepted, and the bot is gone',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
