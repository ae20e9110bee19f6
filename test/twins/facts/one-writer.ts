// The twins of I5: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const ONE_WRITER = [
  {
    name: 'log-write-without-epoch',
    invariant: 'I5',
    mechanism: {
      what: 'every write of the log names epoch, owner and the write it was made from',
      file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    },
    guardedBy: [
      inEngine(
        'contracts/saga-log.ts',
        'a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)',
      ),
      inEngine(
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
      file: 'src/bots/bots.ts',
    },
    guardedBy: [
      at('contracts/bots.ts', 'a fence that refuses: nothing is changed'),
      at(
        'docker/bots-faults.full.test.ts',
        'every change: the fence is asked right before it is sent, and for nothing else',
      ),
    ],
    title: 'a stop without a fence: a late worker stops a restored bot, and caught',
    breach: 'a worker that had lost its saga stopped the bot',
  },
  {
    name: 'lock-left-at-its-epoch',
    invariant: 'I5',
    mechanism: {
      what: 'a claim after the first raises the lock in the wallet to its epoch before anything else',
      file: 'src/deletion/delete-bot.ts',
    },
    guardedBy: [
      at('unit/fence-lock.test.ts', '%s, claimed again: the lock is raised to the claim’s epoch'),
    ],
    title: 'a lock left at the epoch of the worker before: its payment lands, and caught',
    breach: 'a worker that had lost its saga paid',
  },
  {
    name: 'proof-by-a-clock-that-goes-back',
    invariant: 'I5',
    mechanism: {
      what: 'the age of a claim’s proof is measured by the monotonic clock of its process',
      file: 'packages/saga/src/run/journal.ts',
    },
    guardedBy: [
      inEngine('unit/journal.test.ts', 'a claim proven $when: a fence believes it: $isProven (I5)'),
    ],
    title:
      'a proof by a clock that goes back: a late worker acts without an observation, and caught',
    breach: 'a worker that had lost its saga acted',
  },
  {
    name: 'lock-broken-by-age',
    invariant: 'I5',
    mechanism: {
      what: 'the lock of the pool state is the kernel’s: a live holder keeps it, and a dead one loses it at once',
      file: 'src/infra/kernel-lock.ts',
    },
    guardedBy: [
      at(
        'integration/pool-state-processes.test.ts',
        'the holder is alive but stopped for longer than the wait: it keeps the lock, and ends its write',
      ),
      at(
        'integration/kernel-lock.test.ts',
        'the holder is stopped, its files are of yesterday: it keeps the lock (I5)',
      ),
      at(
        'integration/kernel-lock.test.ts',
        'the holder is killed: the next one has the lock at once, and knows of the death (I5)',
      ),
    ],
    title: 'a lock broken by its age: a change is lost, and caught',
    breach: 'a change that was acknowledged is lost',
  },
  {
    name: 'lock-freed-without-token',
    invariant: 'I5',
    mechanism: {
      what: 'a holder frees its own lock, and no other; it writes only while its lock is the one that others meet',
      file: 'src/infra/kernel-lock.ts',
    },
    guardedBy: [
      at(
        'integration/pool-state-file.test.ts',
        'somebody removes the lock while it is held: nothing is written',
      ),
      at(
        'integration/kernel-lock.test.ts',
        'a person removes the lock file: its holder knows, and leaves the next one alone',
      ),
    ],
    title: 'a lock freed without its token: a change is lost, and caught',
    breach: 'a change that was acknowledged is lost',
  },
  {
    name: 'pool-documents-without-revision',
    invariant: 'I5',
    mechanism: {
      what: 'a change of the pool state in MongoDB names the revision it was made from',
      file: 'src/pool-state/mongodb/pool-documents-commit.ts',
    },
    guardedBy: [
      at(
        'integration/pool-state-mongo.test.ts',
        'a worker’s claim is taken over after its fence has passed: its change never lands',
      ),
      at(
        'integration/pool-state-mongo.test.ts',
        'two processes with 200 changes each, and one that is killed amid its own: none is lost or half done',
      ),
    ],
    title: 'a pool state written at any revision: a change is lost, and caught',
    breach: 'a change that was acknowledged is lost',
  },
  {
    name: 'room-without-waiting',
    invariant: 'I5',
    mechanism: {
      what: 'a saga that takes a preemptible saga’s key begins when the last call of that one is over',
      file: 'packages/saga/src/operate/preempt.ts',
    },
    guardedBy: [
      inEngine(
        'integration/saga-preempt.test.ts',
        'in the middle of its step: ended at once, its worker does nothing more, and the next waits for its last call',
      ),
      at(
        'e2e/pool-health.test.ts',
        'a DELETE in the middle of a restart: 202 at once, begun when the restart’s call is over',
      ),
    ],
    title: 'a key taken without waiting: a late call undoes what came after it, and caught',
    breach: 'the call of a saga that gave way came after its successor’s',
  },
  {
    name: 'tombstone-of-the-id',
    invariant: 'I5',
    mechanism: {
      what: 'a tombstone touches nothing while a new incarnation of its id holds an allocation',
      file: 'src/deletion/finish-tombstone.ts',
    },
    guardedBy: [
      at(
        'platform/new-incarnation.test.ts',
        'deleted, and made again with other money: the tombstone’s later observations touch nothing of it, and no sync pays it (I3, I5)',
      ),
      at(
        'unit/finish-tombstone.test.ts',
        'a new incarnation comes to be between the observation and the removal: the removal is refused, and the next observation ends it (I5)',
      ),
    ],
    title: 'a tombstone that knows an id and not an incarnation: it kills a new bot, and caught',
    breach: 'a new bot was killed by the tombstone of the old one',
  },
  {
    name: 'tombstone-of-the-place',
    invariant: 'I5',
    mechanism: {
      what: 'a slot that the platform has given since is another bot’s, also before its money is there',
      file: 'src/pool-state/owned-entry.ts',
    },
    guardedBy: [
      at(
        'platform/memory.test.ts',
        'it has started a bot of that id again and not yet written its money: the tombstone leaves it, and no sync pays it (I5)',
      ),
    ],
    title: 'a tombstone that asks for no place: it kills a bot in the making, and caught',
    breach: 'a new bot was killed by the tombstone of the old one',
  },
  {
    name: 'proof-without-a-majority',
    invariant: 'I5',
    mechanism: {
      what: 'a claim is proved by a write that only a majority confirms',
      file: 'packages/saga/src/log/mongodb/prove-claims.ts',
    },
    guardedBy: [
      inEngine(
        'integration/saga-log-without-majority.test.ts',
        'a claim is to be proved: it is not while no majority confirms it, and is again when one does',
      ),
      inEngine(
        'integration/saga-log-without-majority.test.ts',
        'a step has an effect that cannot be fenced: put off until a majority is there, then done once',
      ),
    ],
    title: 'a claim read from a primary that has lost its majority: Docker is changed, and caught',
    breach: 'an effect passed on the word of a primary without its majority',
  },
  {
    name: 'port-of-a-lost-row',
    invariant: 'I5',
    mechanism: {
      what: 'a bot whose row the pool state has lost keeps its port, by its container’s own word',
      file: 'src/provisioning/pool-occupants.ts',
    },
    guardedBy: [
      at('unit/assign-slot.test.ts', 'keeps its port: the new bot gets the next one'),
      at(
        'e2e/provision.test.ts',
        'a bot whose row the platform has lost keeps its port, and its row comes back',
      ),
    ],
    title: 'a port is free where no row names it: two bots on one port, and caught',
    breach: 'two bots of one pool have one port',
  },
  {
    name: 'list-begun-anew-by-a-late-worker',
    invariant: 'I5',
    mechanism: {
      what: 'a run over all users asks for its claim right before it writes its list',
      file: 'src/sync/mongodb/run-drifts.ts',
    },
    guardedBy: [
      at(
        'contracts/run-drifts.ts',
        'a fence that refuses: nothing is forgotten, added or assigned (I5)',
      ),
      at(
        'faults/crash-sync-all.full.test.ts',
        'sync-all, its worker dies at every point: one run a drifted user, one saga an orphan, and a second run changes nothing',
      ),
    ],
    title:
      'a list begun anew without a fence: the next worker finds nobody to synchronise, and caught',
    breach: 'a worker that had lost its run emptied the list that another worked off',
  },
  {
    name: 'claim-of-an-earlier-order',
    invariant: 'I5',
    mechanism: {
      what: 'an acceptance gives a claim only where it has stored that very claim',
      file: 'packages/saga/src/log/mongodb/insert-sagas.ts',
    },
    guardedBy: [
      inEngine(
        'contracts/saga-log.ts',
        'a key or an id that is there: no claim comes with it, and the one that stands is left alone (I5)',
      ),
    ],
    title:
      'a second order under one id takes the claim for its own: two workers at once, and caught',
    breach: 'one step was run by two workers, and one claim was stored',
  },
] as const satisfies readonly TwinFacts[];
