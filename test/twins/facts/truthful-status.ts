// The twins of I9: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const TRUTHFUL_STATUS = [
  {
    name: 'shown-before-durable',
    invariant: 'I9',
    mechanism: {
      what: 'only the runner sees a state before it has landed',
      file: 'packages/saga/src/run/journal.ts',
    },
    guardedBy: [
      inEngine(
        'unit/journal.test.ts',
        'a step has ended: shown to no watcher before the log has it, and to none where it never has (I9)',
      ),
    ],
    title: 'a state shown before it is durable: taken back by a crash, and caught',
    breach: 'completed was shown, and a crash would have taken it back',
  },
  {
    name: 'shown-from-the-primary-alone',
    invariant: 'I9',
    mechanism: {
      what: 'polling reads what a majority has, from the primary',
      file: 'packages/saga/src/log/mongodb/saga-queries.ts',
    },
    guardedBy: [
      at(
        'integration/truthful-status.test.ts',
        'while three claims wait for it: both instances show all three as they were, and then go on',
      ),
      at(
        'integration/truthful-status.test.ts',
        'while the log of three sagas in mid-step waits for it: no attempt is shown that could be taken back',
      ),
      at(
        'integration/truthful-status.test.ts',
        'while an end waits for it: nobody is told of the end, in no list either, until it cannot be taken back',
      ),
    ],
    title: 'polling that reads what the primary alone has: shown too early, and caught',
    breach: 'cancelled was shown, and no majority had it',
  },
  {
    name: 'outcome-reported-by-every-worker',
    invariant: 'I9',
    mechanism: {
      what: 'a restart tells the bot’s owner one outcome, the first, whichever workers come to it',
      file: 'src/health/restart-bot.ts',
    },
    guardedBy: [
      at(
        'integration/bot-healths.test.ts',
        'told twice: stands once; pages follow each other; forgotten by an index',
      ),
      at(
        'faults/crash-restart-bot.full.test.ts',
        'restart-bot, its worker dies at every point: started once and never beside itself, and its key is free',
      ),
    ],
    title: 'an outcome told by every worker: restarted, then refused, and caught',
    breach: 'one restart, and its owner was told two outcomes',
  },
] as const satisfies readonly TwinFacts[];
