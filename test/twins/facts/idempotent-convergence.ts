// The twins of I12: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const IDEMPOTENT_CONVERGENCE = {
  'entries-made-again-every-time': {
    mechanism: 'a repair touches what drifted, and nothing else',
    file: 'src/pool-state/rebuild-entry.ts',
    guardedBy: {
      'test/unit/rebuild-entry.test.ts': 'again on its own result: the same object (I12)',
      'test/e2e/sync-fixtures.test.ts':
        'a second run of all users straight after the first: changes nothing (I12)',
      'test/docker/sync.test.ts':
        'every user of the fixtures: as its comment says; a second run changes nothing (I12)',
    },
    bug: 'entries made again at every run',
    breach: 'the second run changed what was in order',
  },
  'repair-acknowledged-unwritten': {
    mechanism: 'a change of the pool state is answered when it is in the file',
    file: 'src/pool-state/file/pool-file-commit.ts',
    guardedBy: {
      'test/contracts/pool-states.ts':
        'a bot is taken out: the answer and the store agree, neighbours and unknown fields stay',
    },
    bug: 'a repair acknowledged and not written',
    breach: 'the second run repaired once more',
  },
  'port-made-up': {
    mechanism: 'an entry is rebuilt from the bot’s own files, and its port is not guessed',
    file: 'src/pool-state/rebuild-entry.ts',
    guardedBy: {
      'test/platform/lost-entries.test.ts': [
        'its own port, though an earlier one is free, and the host that its neighbour has: the platform reaches it',
        '$what: no entry, skipped, reported once; nothing is paid',
      ],
      'test/docker/bot-ports.full.test.ts':
        'lost by the pool state: made again at the port of its config, not at the first free one; without a config, reported',
    },
    bug: 'the first free port for the bot’s own',
    breach: 'the entry that was made again names a port that is not the bot’s',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
