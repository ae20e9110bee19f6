// The twins of I10: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const LIVENESS = {
  'a-release-that-is-made-once': {
    mechanism: 'the end that an operator orders says in the log that a release is owed',
    file: 'packages/saga/src/log/mongodb/commit-writes.ts',
    guardedBy: {
      'packages/saga/test/integration/owed-releases.test.ts':
        'it fails twice: tried again by other processes, minutes apart, until it is done, and then no more',
      'test/integration/release-bot.test.ts':
        '%s is away when an operator ends a deletion that has paid: released by the relay, and in the books',
    },
    bug: 'a release that is tried once',
    breach: 'ended by an operator while the database was away, and locked for ever',
  },
  'lease-that-never-expires': {
    mechanism: 'the leader lease of the relay has a term, by the clock of the database',
    file: 'packages/saga/src/log/mongodb/mongo-leader-leases.ts',
    guardedBy: {
      'packages/saga/test/integration/clock-goes-back.test.ts':
        'a leader lease from before it: taken at once, and kept by the process that took it (I10)',
      'packages/saga/test/integration/queue.test.ts':
        'two at once: one is elected and repairs, and when it goes the other takes over',
    },
    bug: 'a leader lease that never expires',
    breach: 'nobody wakes a saga whose wake-up was lost',
  },
  'lease-by-the-local-clock': {
    mechanism: 'a lease is judged by the clock of the database',
    file: 'packages/saga/src/log/mongodb/claim-sagas.ts',
    guardedBy: {
      'packages/saga/test/contracts/saga-log.ts': [
        '20 claims of one saga at once from two processes: one wins, the others learn until when',
        'a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)',
      ],
    },
    bug: "a lease by the worker's clock",
    breach: 'the saga of a dead worker is left alone',
  },
  'slots-without-shares': {
    mechanism: 'the sagas of one user leave room for those of others on every worker',
    file: 'packages/saga/src/run/shares.ts',
    guardedBy: {
      'packages/saga/test/integration/fair-shares.test.ts':
        'a user with many sagas that do not end: another user’s ends all the same, and no more than its share runs',
    },
    bug: 'slots in the order of arrival',
    breach: 'a user’s saga found no slot behind another user’s many',
  },
  'socket-to-the-old-primary': {
    mechanism: 'a refusal of a server that was demoted closes the socket to it',
    file: 'packages/saga/src/queue/connections.ts',
    guardedBy: {
      'test/e2e/redis-refuses.test.ts':
        'the primary is demoted and another takes its address: sagas go on there, though no socket was cut',
    },
    bug: 'a socket that stays with the old primary',
    breach: 'no wake-up reaches the new primary',
  },
  'keys-without-an-installation': {
    mechanism: 'every Redis key carries the id of the installation, kept in its database',
    file: 'src/main/installation.ts',
    guardedBy: {
      'test/e2e/two-installations.test.ts':
        'two installations with one Redis and one RECLAIM_KEY_PREFIX: none takes a job of the other',
    },
    bug: 'keys that two installations share',
    breach: 'a worker took a wake-up of another installation',
  },
  'renewal-that-waits-for-one-that-hangs': {
    mechanism: 'a renewal of the leases waits for no renewal before it',
    file: 'packages/saga/src/run/lease-keeper.ts',
    guardedBy: {
      'packages/saga/test/unit/lease-keeper.test.ts':
        'one renewal hangs: the next ones go out in time, and it is told at each that it is behind',
    },
    bug: 'a renewal that waits for one that hangs',
    breach: 'the leases of a live worker are not renewed',
  },
  'first-lease-without-an-end': {
    mechanism: 'the lease of a claim that comes with the acceptance runs out as any other',
    file: 'packages/saga/src/log/mongodb/insert-sagas.ts',
    guardedBy: {
      'packages/saga/test/contracts/saga-log.ts':
        'the process that accepted and claimed a saga dies: overdue when the lease has run out, and fenced (I5, I7)',
      'packages/saga/test/integration/accepted-here.test.ts':
        'the process dies right after the acceptance: the relay of another one brings the saga back (I7)',
    },
    bug: 'a first lease without an end',
    breach: 'accepted by a process that died, and no worker takes it',
  },
  'fence-error-as-an-outage': {
    mechanism: 'a fence that cannot be raised for good makes its saga stuck',
    file: 'packages/saga/src/run/runner.ts',
    guardedBy: {
      'packages/saga/test/integration/runner-workers.test.ts':
        'the fence cannot be raised for good, %s: stuck, and a retry raises it',
    },
    bug: 'every error of a fence is taken for an outage',
    breach: 'claimed again for ever, and no operator may order anything of it',
  },
  'accepted-cancel-forgotten': {
    mechanism: 'a cancel that was accepted takes the saga back, whatever its step asks for',
    file: 'packages/saga/src/machine/forward.ts',
    guardedBy: {
      'packages/saga/test/unit/machine.test.ts':
        'a cancel that was accepted: no saga stands still on its way forward with it',
    },
    bug: 'a hold wins over a cancel that was accepted before',
    breach: 'a cancel was accepted, and no other one can be made',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
