// The twins of I12: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const IDEMPOTENT_CONVERGENCE = [
  {
    name: 'entries-made-again-every-time',
    invariant: 'I12',
    mechanism: {
      what: 'a repair touches what drifted, and nothing else',
      file: 'src/sync/repair-drift.ts',
    },
    guardedBy: [
      at(
        'e2e/sync-fixtures.test.ts',
        'a second run of everybody straight after the first: changes nothing (I12)',
      ),
      at(
        'docker/sync.test.ts',
        'every user of the fixtures: as its comment says; a second run changes nothing (I12)',
      ),
    ],
    title: 'entries made again at every run: the second run writes, and caught',
    breach: 'the second run changed what was in order',
  },
  {
    name: 'repair-acknowledged-unwritten',
    invariant: 'I12',
    mechanism: {
      what: 'a change of the pool state is answered when it is in the file',
      file: 'src/pool-state/file/pool-file-commit.ts',
    },
    guardedBy: [
      at(
        'contracts/pool-states.ts',
        'a bot is taken out: the answer and the store agree, neighbours and unknown fields stay',
      ),
    ],
    title: 'a repair acknowledged and not written: the next run repairs again, and caught',
    breach: 'the second run repaired once more',
  },
  {
    name: 'port-made-up',
    invariant: 'I12',
    mechanism: {
      what: 'an entry is rebuilt from the bot’s own files, and its port is not guessed',
      file: 'src/pool-state/rebuild-entry.ts',
    },
    guardedBy: [
      at(
        'platform/lost-entries.test.ts',
        'its own port, though an earlier one is free, and the host that its neighbour has: the platform reaches it',
      ),
      at(
        'platform/lost-entries.test.ts',
        '$what: no entry, skipped, reported once; nothing is paid',
      ),
      at(
        'docker/bot-ports.full.test.ts',
        'lost by the pool state: made again at the port of its config, not at the first free one; without a config, reported',
      ),
    ],
    title: 'the first free port for the bot’s own: its entry leads to no bot, and caught',
    breach: 'the entry that was made again names a port that is not the bot’s',
  },
] as const satisfies readonly TwinFacts[];
