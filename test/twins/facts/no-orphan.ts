// The twins of I3: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const NO_ORPHAN = [
  {
    name: 'leftover-lock-holds',
    invariant: 'I3',
    mechanism: {
      what: 'the lock of a saga that is not open any more is taken over',
      file: 'src/deletion/steps/lock-allocation.ts',
    },
    guardedBy: [
      at(
        'e2e/resurrected.test.ts',
        'a copy from under the lock: the lock of a job that is over holds nothing',
      ),
    ],
    title: 'a leftover lock that holds for ever: the orphan stays, and caught',
    breach: 'an orphan outlived two synchronisations',
  },
] as const satisfies readonly TwinFacts[];
