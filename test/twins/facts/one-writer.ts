// The twins of I5: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const ONE_WRITER = {
  'log-write-without-epoch': {
    mechanism: 'every write of the log names epoch, owner and the write it was made from',
    file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    guardedBy: {
      'packages/saga/test/contracts/saga-log.ts':
        'a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)',
      'packages/saga/test/integration/runner-workers.test.ts':
        'a lease runs out in mid-step: the next worker finishes, the late one changes nothing (I5)',
    },
    bug: 'a log write without its epoch',
    breach: 'a worker with an old epoch wrote to the log',
  },
  'fence-not-asked': {
    mechanism: 'the claim is checked right before each call that changes a bot',
    file: 'src/bots/bots.ts',
    guardedBy: {
      'test/contracts/bots.ts': 'a fence that refuses: nothing is changed',
      'test/docker/bots-faults.full.test.ts':
        'every change: the fence is asked right before it is sent, and for nothing else',
    },
    bug: 'a stop without a fence',
    breach: 'a worker that had lost its saga stopped the bot',
  },
  'lock-left-at-its-epoch': {
    mechanism:
      'a claim after the first raises the lock in the wallet to its epoch before anything else',
    file: 'src/deletion/delete-bot.ts',
    guardedBy: {
      'test/unit/fence-lock.test.ts': '%s, claimed again: the lock is raised to the claim’s epoch',
    },
    bug: 'a lock left at the epoch of the worker before',
    breach: 'a worker that had lost its saga paid',
  },
  'proof-by-a-clock-that-goes-back': {
    mechanism: 'the age of a claim’s proof is measured by the monotonic clock of its process',
    file: 'packages/saga/src/run/journal.ts',
    guardedBy: {
      'packages/saga/test/unit/journal.test.ts':
        'a claim proven $when: a fence believes it: $isProven (I5)',
    },
    bug: 'a proof by a clock that goes back',
    breach: 'a worker that had lost its saga acted',
  },
  'lock-broken-by-age': {
    mechanism:
      'the lock of the pool state is the kernel’s: a live holder keeps it, and a dead one loses it at once',
    file: 'src/infra/kernel-lock.ts',
    guardedBy: {
      'test/integration/pool-state-processes.test.ts':
        'the holder is alive but stopped for longer than the wait: it keeps the lock, and ends its write',
      'test/integration/kernel-lock.test.ts': [
        'the holder is stopped, its files are of yesterday: it keeps the lock (I5)',
        'the holder is killed: the next one has the lock at once, and knows of the death (I5)',
      ],
    },
    bug: 'a lock broken by its age',
    breach: 'a change that was acknowledged is lost',
  },
  'lock-freed-without-token': {
    mechanism:
      'a holder frees its own lock, and no other; it writes only while its lock is the one that others meet',
    file: 'src/infra/kernel-lock.ts',
    guardedBy: {
      'test/integration/pool-state-file.test.ts':
        'another program removes the lock while it is held: nothing is written',
      'test/integration/kernel-lock.test.ts':
        'a person removes the lock file: its holder knows, and leaves the next one alone',
    },
    bug: 'a lock freed without its token',
    breach: 'a change that was acknowledged is lost',
  },
  'pool-documents-without-revision': {
    mechanism: 'a change of the pool state in MongoDB names the revision it was made from',
    file: 'src/pool-state/mongodb/pool-documents-commit.ts',
    guardedBy: {
      'test/integration/pool-state-mongo.test.ts': [
        'a worker’s claim is taken over after its fence has passed: its change never lands',
        'two processes with 200 changes each, and one that is killed amid its own: none is lost or half done',
      ],
    },
    bug: 'a pool state written at any revision',
    breach: 'a change that was acknowledged is lost',
  },
  'room-without-waiting': {
    mechanism:
      'a saga that takes a preemptible saga’s key begins when the last call of that one is over',
    file: 'packages/saga/src/operate/preempt.ts',
    guardedBy: {
      'packages/saga/test/integration/saga-preempt.test.ts':
        'in the middle of its step: ended at once, its worker does nothing more, and the next waits for its last call',
      'test/e2e/pool-health.test.ts':
        'a DELETE in the middle of a restart: 202 at once, begun when the restart’s call is over',
    },
    bug: 'a key taken without waiting',
    breach: 'the call of a saga that gave way came after its successor’s',
  },
  'tombstone-of-the-id': {
    mechanism: 'a tombstone touches nothing while a new incarnation of its id holds an allocation',
    file: 'src/deletion/finish-tombstone.ts',
    guardedBy: {
      'test/platform/new-incarnation.test.ts':
        'deleted, and made again with other money: the tombstone’s later observations touch nothing of it, and no sync pays it (I3, I5)',
      'test/unit/finish-tombstone.test.ts':
        'a new incarnation comes to be between the observation and the removal: the removal is refused, and the next observation ends it (I5)',
    },
    bug: 'a tombstone that knows an id and not an incarnation',
    breach: 'a new bot was killed by the tombstone of the old one',
  },
  'tombstone-of-the-place': {
    mechanism:
      'a slot that the platform has given since is another bot’s, also before its money is there',
    file: 'src/pool-state/owned-entry.ts',
    guardedBy: {
      'test/platform/memory.test.ts':
        'it has started a bot of that id again and not yet written its money: the tombstone leaves it, and no sync pays it (I5)',
      'test/unit/finish-tombstone.test.ts':
        'the platform gives the id a new place before a change, and writes its money last: the change is refused (I5)',
    },
    bug: 'a tombstone that asks for no place',
    breach: 'a new bot was killed by the tombstone of the old one',
  },
  'proof-without-a-majority': {
    mechanism: 'a claim is proved by a write that only a majority confirms',
    file: 'packages/saga/src/log/mongodb/prove-claims.ts',
    guardedBy: {
      'packages/saga/test/integration/saga-log-without-majority.test.ts': [
        'a claim is to be proved: it is not while no majority confirms it, and is again when one does',
        'a step has an effect that cannot be fenced: put off until a majority is there, then done once',
      ],
    },
    bug: 'a claim read from a primary that has lost its majority',
    breach: 'an effect passed on the word of a primary without its majority',
  },
  'port-of-a-lost-row': {
    mechanism:
      'a bot whose row the pool state has lost keeps its port, by its container’s own word',
    file: 'src/provisioning/pool-occupants.ts',
    guardedBy: {
      'test/unit/assign-slot.test.ts': 'keeps its port: the new bot gets the next one',
      'test/e2e/provision.test.ts':
        'a bot whose row the platform has lost keeps its port, and its row comes back',
    },
    bug: 'a port is free where no row names it',
    breach: 'two bots of one pool have one port',
  },
  'one-list-for-all-attempts': {
    mechanism: 'every attempt of a survey lists what it finds apart from those before it',
    file: 'src/sync/sync-all.ts',
    guardedBy: {
      'test/unit/survey-attempts.test.ts': [
        'an earlier attempt listed a bot that is back since: the next one’s list is without it',
        'what an earlier attempt writes late: not in the list that the run works off',
      ],
      'test/faults/crash-sync-all.full.test.ts':
        'sync-all, its worker dies at every point: one run a drifted user, one saga an orphan, and a second run changes nothing',
    },
    bug: 'one list for all attempts of a run',
    breach: 'a worker that had lost its run wrote into the list that another worked off',
  },
  'claim-of-an-earlier-order': {
    mechanism: 'an acceptance gives a claim only where it has stored that very claim',
    file: 'packages/saga/src/log/mongodb/insert-sagas.ts',
    guardedBy: {
      'packages/saga/test/contracts/saga-log.ts':
        'a key or an id that is there: no claim comes with it, and the one that stands is left alone (I5)',
    },
    bug: 'a second order under one id takes the claim for its own',
    breach: 'one step was run by two workers, and one claim was stored',
  },
  'hold-that-fences-nobody': {
    mechanism: 'an operator’s hold fences the worker that is at the saga',
    file: 'packages/saga/src/operate/operators.ts',
    guardedBy: {
      'packages/saga/test/integration/operator-holds.test.ts': [
        'in %s: the worker is fenced before its next effect, and a retry finds out and does it once (I5)',
        'ended by an operator before the worker comes back: nothing of it lands (I2)',
      ],
    },
    bug: 'a hold that leaves the worker its claim',
    breach: 'ended by an operator, and its worker paid all the same',
  },
  'outage-that-was-no-attempt': {
    mechanism: 'a step that is tried again after an outage knows that it is a repeat',
    file: 'packages/saga/src/run/step-call.ts',
    guardedBy: {
      'packages/saga/test/integration/runner-waiting.test.ts':
        'after %s, in place: the next attempt is told that it is a repeat',
    },
    bug: 'a repeat is told by the number of the attempt alone',
    breach: 'a lock that stood was not read back, although its answer could be in it',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
