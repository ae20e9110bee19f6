// The twins of I6: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const POINT_OF_NO_RETURN = [
  {
    name: 'forward-after-an-undo',
    invariant: 'I6',
    mechanism: {
      what: 'a retry continues in the direction that the saga was going',
      file: 'packages/saga/src/machine/orders.ts',
    },
    guardedBy: [
      inEngine(
        'unit/machine.test.ts',
        'any order: once a saga goes back it never goes forward again (I9)',
      ),
      inEngine(
        'integration/runner.test.ts',
        'a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards',
      ),
    ],
    title: 'a retry forward after an undo: paid on the way back, and caught',
    breach: 'it went forward after its way back had begun',
  },
  {
    name: 'pivot-without-its-intent',
    invariant: 'I6',
    mechanism: {
      what: 'the pivot begins when its intent is on a majority',
      file: 'packages/saga/src/run/journal.ts',
    },
    guardedBy: [
      at(
        'e2e/cancel.test.ts',
        'in the pivot, which does not get on: 409, and the job finishes forward',
      ),
      inEngine(
        'unit/journal.test.ts',
        'the pivot comes next: its intent is on a majority before it begins (I6)',
      ),
    ],
    title: 'a pivot without its intent in the log: cancelled and paid, and caught',
    breach: 'a cancel was accepted, and the money has moved',
  },
  {
    name: 'cancel-by-read-then-write',
    invariant: 'I6',
    mechanism: {
      what: 'cancel and pivot are decided by one conditional write',
      file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    },
    guardedBy: [
      inEngine(
        'integration/runner-workers.test.ts',
        'raced 100 times: never both paid and undone, and the answer to the cancel is true (I6)',
      ),
      inEngine(
        'contracts/saga-log.ts',
        'an intervention racing with the worker’s write, 40 times: one lands on a revision, the other sees it',
      ),
    ],
    title: 'a cancel by read, then write: cancelled and paid, and caught',
    breach: 'a cancel was accepted, and the money has moved',
  },
  {
    name: 'write-conditional-on-a-count',
    invariant: 'I6',
    mechanism: {
      what: 'every write names the one that it was made from, not its number',
      file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    },
    guardedBy: [
      at(
        'faults/kill-mongod.full.test.ts',
        'a cancel comes before the worker goes on: accepted, and no money moves (I6)',
      ),
      inEngine(
        'contracts/saga-log-failover.ts',
        'a cancel has taken the number of a forgotten write: what was made from that write is a conflict',
      ),
    ],
    title: 'a write conditional on a count, after a failover: cancelled and paid, and caught',
    breach: 'a cancel was accepted, and the money has moved',
  },
  {
    name: 'cancel-of-a-stop-that-removes',
    invariant: 'I6',
    mechanism: {
      what: 'no cancel is taken of a step that cannot be undone',
      file: 'packages/saga/src/operate/request-cancel.ts',
    },
    guardedBy: [
      at(
        'e2e/bots-removed-by-stop.test.ts',
        'cancelled while it stops: refused, and the job finishes forward',
      ),
      at(
        'docker/deletion.test.ts',
        'a bot that was started with --rm, cancelled while it stops: refused, paid',
      ),
    ],
    title: 'a cancel of a stop that removes the bot: undone without the bot, and caught',
    breach: 'a cancel was accepted, and the bot is gone',
  },
] as const satisfies readonly TwinFacts[];
