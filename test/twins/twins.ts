// Every twin as data: which invariant it breaks, the mechanism it stands in for, the tests that guard that mechanism,
// and what the oracle must say of it. docs/guarantees.md is written from this list; a twin that is listed and not
// played does not compile, and one that is played and not caught fails.

/** Of each its short name, and the test that plays its twins. */
export const INVARIANTS = {
  I1: { name: 'All or compensated', playedIn: 'test/twins/i01-all-or-compensated.test.ts' },
  I2: { name: 'Money once', playedIn: 'test/twins/i02-money-once.test.ts' },
  I3: { name: 'No orphan', playedIn: 'test/twins/i03-no-orphan.test.ts' },
  I4: {
    name: 'No refund on absence of evidence',
    playedIn: 'test/twins/i04-no-refund-without-evidence.test.ts',
  },
  I5: { name: 'One writer', playedIn: 'test/twins/i05-one-writer.test.ts' },
  I6: { name: 'Point of no return', playedIn: 'test/twins/i06-point-of-no-return.test.ts' },
  I7: { name: '202 means durable', playedIn: 'test/twins/i07-accepted-means-durable.test.ts' },
  I8: {
    name: 'Same request, same saga',
    playedIn: 'test/twins/i08-same-request-same-saga.test.ts',
  },
  I9: { name: 'Truthful status', playedIn: 'test/twins/i09-truthful-status.test.ts' },
  I10: { name: 'Liveness', playedIn: 'test/twins/i10-liveness.test.ts' },
  I11: { name: 'Conservation', playedIn: 'test/twins/i11-conservation.test.ts' },
  I12: {
    name: 'Idempotent convergence',
    playedIn: 'test/twins/i12-idempotent-convergence.test.ts',
  },
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface TwinFacts {
  readonly name: string;
  readonly invariant: Invariant;
  /** What the twin has a bug in: a sentence, and the file that holds it. */
  readonly mechanism: { readonly what: string; readonly file: string };
  readonly guardedBy: readonly TestName[];
  /** Of the test that plays it. */
  readonly title: string;
  /** What the oracle must find with the twin, word for word. */
  readonly breach: string;
}

export interface TestName {
  readonly file: string;
  /** As it stands in the file. */
  readonly title: string;
}

const at = (file: string, title: string): TestName => ({ file: `test/${file}`, title });

export const TWINS = [
  {
    name: 'swallowed-undo-error',
    invariant: 'I1',
    mechanism: {
      what: 'an undo that failed is tried again, and then stuck for a person',
      file: 'src/saga/backward.ts',
    },
    guardedBy: [
      at(
        'integration/runner.test.ts',
        'a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards',
      ),
    ],
    title: 'an undo whose error is swallowed: the bot stays stopped, and caught',
    breach: 'compensated, and the world is not as before',
  },
  {
    name: 'undo-of-recorded-steps-only',
    invariant: 'I1',
    mechanism: {
      what: 'the way back goes over every captured step, recorded as done or not',
      file: 'src/saga/backward.ts',
    },
    guardedBy: [
      at(
        'unit/machine.test.ts',
        'compensated: every step with a capture was undone, or never had an effect (I1)',
      ),
      at(
        'integration/runner.test.ts',
        'the budget is used up: every captured step is undone in reverse, one that never ran too',
      ),
      at(
        'e2e/policies.test.ts',
        'restore: compensated, and everything is exactly as before; a repeat is a new saga',
      ),
    ],
    title: 'undo of recorded steps only: a pool entry is lost, and caught',
    breach: 'compensated, and the world is not as before',
  },
  {
    name: 'removal-not-seen',
    invariant: 'I1',
    mechanism: {
      what: 'a removal answers only when the bot was seen to be gone',
      file: 'src/deletion/ports/bots.ts',
    },
    guardedBy: [
      at('contracts/bots.ts', 'a dedicated bot removed: gone, and every repeat is harmless'),
      at(
        'contracts/bots.ts',
        'a program removed, before and after a stop: gone, twice, its neighbour runs on',
      ),
    ],
    title: 'a removal that does not look: the bot stays, and caught',
    breach: 'completed without a warning, and the bot is still there',
  },
  {
    name: 'no-op-id-check',
    invariant: 'I2',
    mechanism: {
      what: 'the settlement looks for its operation id before it pays',
      file: 'src/adapters/mongo/settle-update.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-repeats.ts',
        'settled again, by this saga or another: the first receipt, nothing moves',
      ),
      at(
        'contracts/wallet-repeats.ts',
        'mark and allocation put back, our own field erased: the row alone forbids a second payment',
      ),
      at(
        'integration/settlement.test.ts',
        '100 settlements of one incarnation at once, from two processes: one payment, one receipt',
      ),
    ],
    title: 'no opId check: paid twice, and caught',
    breach: 'paid 2 times',
  },
  {
    name: 'settlement-in-two-updates',
    invariant: 'I2',
    mechanism: {
      what: 'balance, allocation and row change in one document update',
      file: 'src/adapters/mongo/settle-update.ts',
    },
    guardedBy: [
      at(
        'integration/settlement.test.ts',
        'deposits racing with 200 settlements on one wallet: conserved to the last decimal',
      ),
      at(
        'faults/kill-worker.test.ts',
        'refund-wallet, after the payment and before the log knew: the receipt is found, nothing is paid again',
      ),
    ],
    title: 'a settlement in two updates: a reader sees half of it, and caught',
    breach: 'a reader saw one without the other',
  },
  {
    name: 'settlement-of-any-life',
    invariant: 'I2',
    mechanism: {
      what: 'the settlement pays the incarnation it was ordered for, and no other',
      file: 'src/adapters/mongo/settle-update.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-repeats.ts',
        'our mark on another incarnation: it does not make that one payable',
      ),
    ],
    title: 'a settlement of whatever life stands there: a new bot loses its money, and caught',
    breach: 'the money of another life was paid',
  },
  {
    name: 'leftover-mark-holds',
    invariant: 'I3',
    mechanism: {
      what: 'the mark of a saga that is not open any more is taken over',
      file: 'src/deletion/steps/lock-allocation.ts',
    },
    guardedBy: [
      at(
        'e2e/resurrected.test.ts',
        'a copy from under the lock, its mark with it: the mark of a job that is over holds nothing',
      ),
    ],
    title: 'a leftover mark that holds for ever: the orphan stays, and caught',
    breach: 'an orphan outlived two synchronisations',
  },
  {
    name: 'docker-error-as-empty-list',
    invariant: 'I4',
    mechanism: {
      what: 'a source answers with items or says that it does not know',
      file: 'src/domain/source.ts',
    },
    guardedBy: [
      at('docker/bots-faults.test.ts', 'a listing that breaks off: unknown, wherever it breaks'),
      at(
        'docker/bots-faults.test.ts',
        'one of two hosts does not answer: unknown, though the other has no such bot',
      ),
    ],
    title: 'an error of Docker as an empty list: a live bot is paid back, and caught',
    breach: 'a bot that runs was paid back',
  },
  {
    name: 'unreadable-file-as-no-bots',
    invariant: 'I4',
    mechanism: {
      what: 'a pool state that is torn or missing is unknown',
      file: 'src/adapters/pool-state/pool-file-reader.ts',
    },
    guardedBy: [
      at(
        'contracts/pool-states.ts',
        'the state cannot be read: unknown, and a change refuses without writing',
      ),
    ],
    title: 'an unreadable pool state as no bots: a bot in the making is paid back, and caught',
    breach: 'a bot in the making was paid back',
  },
  {
    name: 'empty-host-trusted',
    invariant: 'I4',
    mechanism: {
      what: 'a host that lost everything is unknown until a person confirms it',
      file: 'src/reconciliation/host-trust.ts',
    },
    guardedBy: [
      at(
        'integration/host-trust.test.ts',
        'where bots were seen: unknown, with a reason that names them',
      ),
      at(
        'integration/host-trust.test.ts',
        'where the file places bots: unknown, until they are observed gone',
      ),
    ],
    title: 'an empty host that is trusted: a lost disk pays bots back, and caught',
    breach: 'a host without its disk was believed',
  },
  {
    name: 'no-second-look',
    invariant: 'I4',
    mechanism: {
      what: 'a second look, bot by bot, before anything is repaired',
      file: 'src/reconciliation/second-look.ts',
    },
    guardedBy: [
      at(
        'e2e/sync-provision.test.ts',
        'provisions racing with synchronisations: every bot lives, and none of its money is returned',
      ),
    ],
    title: 'no second look: a bot in the making is paid back, and caught',
    breach: 'a bot in the making was paid back',
  },
  {
    name: 'no-look-before-payment',
    invariant: 'I4',
    mechanism: {
      what: 'every source says absent once more right before an orphan is paid',
      file: 'src/deletion/reclaim-orphan.ts',
    },
    guardedBy: [
      at(
        'e2e/sync-provision.test.ts',
        'provisions racing with synchronisations: every bot lives, and none of its money is returned',
      ),
    ],
    title: 'no look before the payment: a bot that came back is paid, and caught',
    breach: 'a bot that runs was paid back',
  },
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
  {
    name: 'forward-after-an-undo',
    invariant: 'I6',
    mechanism: {
      what: 'a retry goes on in the direction that the saga was going',
      file: 'src/saga/orders.ts',
    },
    guardedBy: [
      at(
        'unit/machine.test.ts',
        'any order: once a saga goes back it never goes forward again (I9)',
      ),
      at(
        'integration/runner.test.ts',
        'a compensation that fails: again with its own budget, then stuck, and a retry goes on backwards',
      ),
    ],
    title: 'a retry forward after an undo: paid on the way back, and caught',
    breach: 'it went forward after its way back had begun',
  },
  {
    name: 'pivot-without-its-intent',
    invariant: 'I6',
    mechanism: {
      what: 'the pivot begins when its intent is on a majority',
      file: 'src/saga/journal.ts',
    },
    guardedBy: [
      at(
        'e2e/cancel.test.ts',
        'in the pivot, which does not get on: 409, and the job finishes forward',
      ),
      at(
        'unit/machine.test.ts',
        'any order of outcomes, crashes, cancels, retries: money paid is never undone (I6)',
      ),
    ],
    title: 'a pivot without its intent in the log: cancelled and paid, and caught',
    breach: 'a cancel was accepted, and the money has moved',
  },
  {
    name: 'cancel-by-read-then-write',
    invariant: 'I6',
    mechanism: {
      what: 'cancel and pivot are decided by one conditional write',
      file: 'src/adapters/mongo/saga-log/commit-writes.ts',
    },
    guardedBy: [
      at(
        'integration/runner-workers.test.ts',
        'raced 100 times: never both paid and undone, and the answer to the cancel is true (I6)',
      ),
      at(
        'contracts/saga-log.ts',
        'an intervention racing with the worker’s write, 40 times: one lands on a revision, the other sees it',
      ),
    ],
    title: 'a cancel by read, then write: cancelled and paid, and caught',
    breach: 'a cancel was accepted, and the money has moved',
  },
  {
    name: 'enqueued-and-not-inserted',
    invariant: 'I7',
    mechanism: {
      what: 'the saga is on a majority before anybody is told',
      file: 'src/adapters/mongo/saga-log/insert-sagas.ts',
    },
    guardedBy: [
      at(
        'e2e/outages.test.ts',
        'loses everything between the 202 and the end, twice: every deletion completes',
      ),
      at(
        'integration/queue.test.ts',
        'between the acceptance and the start: brought back within seconds, done once (I7)',
      ),
    ],
    title: 'enqueued and not yet inserted: gone with Redis, and caught',
    breach: 'accepted, and gone with Redis',
  },
  {
    name: 'job-trusted',
    invariant: 'I7',
    mechanism: {
      what: 'a wake-up is made again whatever state its job is in',
      file: 'src/adapters/queue/bullmq-wake-ups.ts',
    },
    guardedBy: [
      at('integration/queue.test.ts', 'while the saga sleeps: brought back when it is due'),
      at(
        'integration/queue.test.ts',
        'in the middle of a step: the saga goes on, and its effects happen once',
      ),
    ],
    title: "a job's state taken for the saga's: it never runs, and caught",
    breach: 'the saga is open, and no job waits for a worker',
  },
  {
    name: 'key-by-a-read-before-the-write',
    invariant: 'I8',
    mechanism: {
      what: 'a partial unique index on the key decides, not a read',
      file: 'src/adapters/mongo/saga-log/saga-log-indexes.ts',
    },
    guardedBy: [
      at(
        'contracts/saga-log.ts',
        '50 inserts of one key at once from two processes: one saga, 50 equal answers (I8)',
      ),
      at(
        'e2e/concurrency.test.ts',
        '50 parallel DELETEs of one bot and one after the end: one saga, one refund, one job, one entry',
      ),
    ],
    title: 'a key that is looked for before the write: two sagas, and caught',
    breach: 'one bot, and more than one saga',
  },
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
  {
    name: 'post-that-never-expires',
    invariant: 'I10',
    mechanism: {
      what: 'the post of the relay has a term, by the clock of the database',
      file: 'src/adapters/mongo/elections.ts',
    },
    guardedBy: [
      at(
        'integration/queue.test.ts',
        'two at once: one is elected and repairs, and when it goes the other takes over',
      ),
    ],
    title: 'a post that never expires: no relay after a death, and caught',
    breach: 'nobody wakes a saga whose wake-up was lost',
  },
  {
    name: 'lease-by-the-local-clock',
    invariant: 'I10',
    mechanism: {
      what: 'a lease is judged by the clock of the database',
      file: 'src/adapters/mongo/saga-log/claim-sagas.ts',
    },
    guardedBy: [
      at(
        'contracts/saga-log.ts',
        '20 claims of one saga at once from two processes: one wins, the others learn until when',
      ),
      at(
        'contracts/saga-log.ts',
        'a lease that has run out by database time: taken, the epoch rises, the old claim is fenced (I5)',
      ),
    ],
    title: "a lease by the worker's clock: a dead worker's saga waits an hour, and caught",
    breach: 'the saga of a dead worker is left alone',
  },
  {
    name: 'balance-added-in-doubles',
    invariant: 'I11',
    mechanism: {
      what: 'the database adds in Decimal128; the balance keeps its old decimals',
      file: 'src/adapters/mongo/settle-update.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-settlements.ts',
        'any amounts: the database writes what cents in whole numbers say',
      ),
      at('e2e/sync-fixtures.test.ts', 'cents that doubles get wrong: the balance is exactly 0.3'),
    ],
    title: 'a balance added and rounded in JavaScript: half a cent is missing, and caught',
    breach: 'balance and ledger do not agree',
  },
  {
    name: 'audit-that-repairs',
    invariant: 'I11',
    mechanism: {
      what: 'the audit reports a difference and writes no wallet',
      file: 'src/reconciliation/audit/audit-once.ts',
    },
    guardedBy: [
      at(
        'integration/audit.test.ts',
        'a change without a row: one finding, named, and the chain goes on from what it saw',
      ),
    ],
    title: 'an audit that repairs: it writes a balance, and caught',
    breach: 'the audit wrote a balance',
  },
  {
    name: 'checkpoint-without-its-revision',
    invariant: 'I11',
    mechanism: {
      what: 'a checkpoint moves on from the one it was chained from',
      file: 'src/adapters/mongo/audit-checkpoints.ts',
    },
    guardedBy: [
      at('integration/audit.test.ts', 'two audits at once: one finding, one checkpoint'),
      at(
        'integration/audit-under-load.test.ts',
        'deposits and settlements hammering on one wallet: every audit adds up, from checkpoint to checkpoint',
      ),
    ],
    title: 'a checkpoint that goes back: one change is told twice, and caught',
    breach: 'one change became two findings',
  },
  {
    name: 'entries-made-again-every-time',
    invariant: 'I12',
    mechanism: {
      what: 'a repair touches what drifted, and nothing else',
      file: 'src/reconciliation/repair-drift.ts',
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
      file: 'src/adapters/pool-state/pool-file-commit.ts',
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
] as const satisfies readonly TwinFacts[];
