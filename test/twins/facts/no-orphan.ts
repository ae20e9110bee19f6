// The twins of I3: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const NO_ORPHAN = {
  'leftover-lock-holds': {
    mechanism: 'the lock of a saga that is not open any more is taken over',
    file: 'src/wallet/closed-sagas.ts',
    guardedBy: {
      'test/unit/closed-sagas.test.ts': 'the lock of a saga that %s: %s',
      'test/e2e/resurrected.test.ts':
        'a copy from under the lock: the lock of a job that is over holds nothing',
    },
    bug: 'a leftover lock that holds for ever',
    breach: 'an orphan outlived two synchronisations',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
