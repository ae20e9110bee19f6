// The twins of I9: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const TRUTHFUL_STATUS = {
  'shown-before-durable': {
    mechanism: 'only the runner sees a state before it has landed',
    file: 'packages/saga/src/run/journal.ts',
    guardedBy: {
      'packages/saga/test/unit/journal.test.ts':
        'a step has ended: shown to no watcher before the log has it, and to none where it never has (I9)',
    },
    bug: 'a state shown before it is durable',
    breach: 'completed was shown, and a crash would have taken it back',
  },
  'shown-from-the-primary-alone': {
    mechanism: 'polling reads what a majority has, from the primary',
    file: 'packages/saga/src/log/mongodb/saga-queries.ts',
    guardedBy: {
      'test/integration/truthful-status.test.ts': [
        'while three claims wait for it: both instances show all three as they were, and then go on',
        'while the log of three sagas in mid-step waits for it: no attempt is shown that could be taken back',
        'while an end waits for it: nobody is told of the end, in no list either, until it cannot be taken back',
      ],
    },
    bug: 'polling that reads what the primary alone has',
    breach: 'cancelled was shown, and no majority had it',
  },
  'outcome-reported-by-every-worker': {
    mechanism:
      'a restart tells the bot’s owner one outcome, the first, whichever workers come to it',
    file: 'src/health/restart-bot.ts',
    guardedBy: {
      'test/unit/restart-outcomes.test.ts':
        'two workers of one restart come to different outcomes: one event, of which the first stands',
      'test/integration/bot-healths.test.ts':
        'told twice: stands once; pages follow each other; forgotten by an index',
      'test/faults/crash-restart-bot.full.test.ts':
        'restart-bot, its worker dies at every point: started once and never beside itself, and its key is free',
    },
    bug: 'an outcome told by every worker',
    breach: 'one restart, and its owner was told two outcomes',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
