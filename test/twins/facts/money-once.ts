// The twins of I2: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const MONEY_ONCE = [
  {
    name: 'no-op-id-check',
    invariant: 'I2',
    mechanism: {
      what: 'the settlement checks for its operation id before it pays',
      file: 'src/wallet/mongodb/settle-update.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-repeats.ts',
        'settled again, by this saga or another: the first receipt, nothing moves',
      ),
      at(
        'contracts/wallet-repeats.ts',
        'lock and allocation put back, our own field erased: the row alone forbids a second payment',
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
    name: 'a-stored-copy-for-the-value',
    invariant: 'I2',
    mechanism: {
      what: 'a deletion pays the value that the bot itself answers before it is stopped, not the copy in the wallet',
      file: 'src/deletion/bot-worth.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-live-values.ts',
        'live: that is paid, whatever currentValue and the lock say',
      ),
      at(
        'docker/bot-value.test.ts',
        'allocation 1000/1000, its API says 400: 400 returned, P&L -600, asked before the stop',
      ),
    ],
    title: 'a stored copy for the value: profit and loss are lost, and caught',
    breach: 'paid 110, and the bot was worth 40',
  },
  {
    name: 'release-that-asks-before-it-unlocks',
    invariant: 'I2',
    mechanism: {
      what: 'a release removes the lock before it checks whether anything was paid',
      file: 'src/deletion/release-bot.ts',
    },
    guardedBy: [
      at(
        'integration/release-bot.test.ts',
        'a late settlement at $after of the release: paid is $isPaid, and the tombstone says the same',
      ),
    ],
    title: 'a release that checks before it unlocks: paid, and forgotten, and caught',
    breach: 'paid, and the tombstone was withdrawn',
  },
  {
    name: 'settlement-in-two-updates',
    invariant: 'I2',
    mechanism: {
      what: 'balance, allocation and row change in one document update',
      file: 'src/wallet/mongodb/settle-update.ts',
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
    name: 'settlement-of-any-incarnation',
    invariant: 'I2',
    mechanism: {
      what: 'the settlement pays the incarnation it was ordered for, and no other',
      file: 'src/wallet/mongodb/settle-update.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-repeats.ts',
        'our lock on another incarnation: it does not make that one payable',
      ),
    ],
    title: 'a settlement of any incarnation it finds: a new bot loses its money, and caught',
    breach: 'the money of another incarnation was paid',
  },
  {
    name: 'incarnations-known-by-the-document-alone',
    invariant: 'I2',
    mechanism: {
      what: 'ledger and tombstones are read for the settled incarnations of the bot, not of the operation',
      file: 'src/wallet/mongodb/bot-pasts.ts',
    },
    guardedBy: [
      at(
        'contracts/wallet-past-incarnations.ts',
        'undated, its receipt forgotten and its row erased: the ledger still knows the bot was paid',
      ),
      at(
        'e2e/past-incarnations.test.ts',
        'its row stripped of our fields, the wallet synchronised: nothing is paid, one finding',
      ),
    ],
    title:
      'an undated incarnation that only the document remembers: paid again under a new stamp, and caught',
    breach: 'paid 2 times',
  },
  {
    name: 'a-restoration-for-every-click',
    invariant: 'I2',
    mechanism: {
      what: 'what a stale save took back is restored under one name, for any number of orders',
      file: 'src/wallet/mongodb/restore.ts',
    },
    guardedBy: [
      at(
        'platform/stale-save.test.ts',
        'one refund of 110 taken back: offered, restored once by five clicks, and the books are whole',
      ),
      at(
        'platform/stale-save.test.ts',
        'a bot of that refund has an allocation again, then not: refused, then restored',
      ),
    ],
    title: 'a restoration without a name: restored with every click, and caught',
    breach: 'restored 2 times',
  },
] as const satisfies readonly TwinFacts[];
