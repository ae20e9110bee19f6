// The twins of I10: what each has a bug in, who guards it, and how it is caught.

import { at, inEngine, type TwinFacts } from '../twin-facts.ts';

export const LIVENESS = [
  {
    name: 'lease-that-never-expires',
    invariant: 'I10',
    mechanism: {
      what: 'the leader lease of the relay has a term, by the clock of the database',
      file: 'packages/saga/src/log/mongodb/mongo-leader-leases.ts',
    },
    guardedBy: [
      inEngine(
        'integration/queue.test.ts',
        'two at once: one is elected and repairs, and when it goes the other takes over',
      ),
    ],
    title: 'a leader lease that never expires: no relay after a death, and caught',
    breach: 'nobody wakes a saga whose wake-up was lost',
  },
  {
    name: 'lease-by-the-local-clock',
    invariant: 'I10',
    mechanism: {
      what: 'a lease is judged by the clock of the database',
      file: 'packages/saga/src/log/mongodb/claim-sagas.ts',
    },
    guardedBy: [
      inEngine(
        'contracts/saga-log.ts',
        '20 claims of one saga at once from two processes: one wins, the others learn until when',
      ),
      inEngine(
        'contracts/saga-log.ts',
        'a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)',
      ),
    ],
    title: "a lease by the worker's clock: a dead worker's saga waits an hour, and caught",
    breach: 'the saga of a dead worker is left alone',
  },
  {
    name: 'slots-without-shares',
    invariant: 'I10',
    mechanism: {
      what: 'the sagas of one user leave room for those of others on every worker',
      file: 'packages/saga/src/run/shares.ts',
    },
    guardedBy: [
      inEngine(
        'integration/fair-shares.test.ts',
        'a user with many sagas that do not end: another user’s ends all the same, and no more than its share runs',
      ),
    ],
    title: 'slots in the order of arrival: one user holds all others up, and caught',
    breach: 'a user’s saga found no slot behind another user’s many',
  },
  {
    name: 'socket-to-the-old-primary',
    invariant: 'I10',
    mechanism: {
      what: 'a refusal of a server that was demoted closes the socket to it',
      file: 'packages/saga/src/queue/connections.ts',
    },
    guardedBy: [
      at(
        'e2e/redis-refuses.test.ts',
        'the primary is demoted and another takes its address: sagas go on there, though no socket was cut',
      ),
    ],
    title: 'a socket that stays with the old primary: no wake-up is taken any more, and caught',
    breach: 'no wake-up reaches the new primary',
  },
  {
    name: 'keys-without-an-installation',
    invariant: 'I10',
    mechanism: {
      what: 'every Redis key carries the id of the installation, kept in its database',
      file: 'src/main/installation.ts',
    },
    guardedBy: [
      at(
        'e2e/two-installations.test.ts',
        'two installations with one Redis and one RECLAIM_KEY_PREFIX: none takes a job of the other',
      ),
    ],
    title: 'keys that two installations share: one takes the wake-ups of the other, and caught',
    breach: 'a worker took a wake-up of another installation',
  },
  {
    name: 'renewal-that-waits-for-one-that-hangs',
    invariant: 'I10',
    mechanism: {
      what: 'a renewal of the leases waits for no renewal before it',
      file: 'packages/saga/src/run/lease-keeper.ts',
    },
    guardedBy: [
      inEngine(
        'unit/lease-keeper.test.ts',
        'one renewal hangs: the next ones go out in time, and it is told at each that it is behind',
      ),
    ],
    title:
      'a renewal that waits for one that hangs: every lease of the worker runs out, and caught',
    breach: 'the leases of a live worker are not renewed',
  },
  {
    name: 'first-lease-without-an-end',
    invariant: 'I10',
    mechanism: {
      what: 'the lease of a claim that comes with the acceptance runs out as any other',
      file: 'packages/saga/src/log/mongodb/insert-sagas.ts',
    },
    guardedBy: [
      inEngine(
        'contracts/saga-log.ts',
        'the process that accepted and claimed a saga dies: overdue when the lease has run out, and fenced (I5, I7)',
      ),
      inEngine(
        'integration/accepted-here.test.ts',
        'the process dies right after the acceptance: the relay of another one brings the saga back (I7)',
      ),
    ],
    title: 'a first lease without an end: the saga of a process that died never runs, and caught',
    breach: 'accepted by a process that died, and no worker takes it',
  },
] as const satisfies readonly TwinFacts[];
