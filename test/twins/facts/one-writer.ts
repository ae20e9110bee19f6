// The twins of I5: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const ONE_WRITER = [
  {
    name: 'log-write-without-epoch',
    invariant: 'I5',
    mechanism: {
      what: 'every write of the log names epoch, owner and revision',
      file: 'src/adapters/mongo/saga-log/commit-writes.ts',
    },
    guardedBy: [
      at(
        'contracts/saga-log.ts',
        'a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)',
      ),
      at(
        'integration/runner-workers.test.ts',
        'a lease runs out in mid-step: the next worker finishes, the late one changes nothing (I5)',
      ),
    ],
    title: 'a log write without its epoch: a late worker overwrites the end, and caught',
    breach: 'a worker with an old epoch wrote to the log',
  },
  {
    name: 'fence-not-asked',
    invariant: 'I5',
    mechanism: {
      what: 'the claim is checked right before each call that changes a bot',
      file: 'src/deletion/ports/bots.ts',
    },
    guardedBy: [
      at('contracts/bots.ts', 'a fence that refuses: nothing is changed'),
      at(
        'docker/bots-faults.test.ts',
        'every change: the fence is asked right before it is sent, and for nothing else',
      ),
    ],
    title: 'a stop without asking the fence: a late worker stops a restored bot, and caught',
    breach: 'a worker that had lost its saga stopped the bot',
  },
  {
    name: 'lock-broken-by-age',
    invariant: 'I5',
    mechanism: {
      what: 'the lock of the pool state is broken by proof of death alone',
      file: 'src/adapters/pool-state/holder-file.ts',
    },
    guardedBy: [
      at(
        'integration/pool-state-processes.test.ts',
        'the holder is alive but stopped for longer than the wait: never broken, and it ends its write',
      ),
    ],
    title: 'a lock broken by its age: a change is lost, and caught',
    breach: 'a change that was acknowledged is lost',
  },
  {
    name: 'lock-freed-without-token',
    invariant: 'I5',
    mechanism: {
      what: 'a holder frees its own lock of the pool state, and no other',
      file: 'src/adapters/pool-state/pool-file-lock.ts',
    },
    guardedBy: [
      at(
        'integration/pool-state-file.test.ts',
        'somebody removes the lock while it is held: nothing is written',
      ),
    ],
    title: 'a lock freed without its token: a change is lost, and caught',
    breach: 'a change that was acknowledged is lost',
  },
] as const satisfies readonly TwinFacts[];
