// The twins of I9: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const TRUTHFUL_STATUS = [
  {
    name: 'shown-before-durable',
    invariant: 'I9',
    mechanism: {
      what: 'nobody but the runner sees a state before it has landed',
      file: 'src/saga/journal.ts',
    },
    guardedBy: [at('unit/machine.test.ts', 'any order: an end never changes (I9)')],
    title: 'a state shown before it is durable: taken back by a crash, and caught',
    breach: 'completed was shown, and a crash would have taken it back',
  },
] as const satisfies readonly TwinFacts[];
