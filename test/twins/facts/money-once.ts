// The twins of I2: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const MONEY_ONCE = {
  'no-op-id-check': {
    mechanism: 'the settlement checks for its operation id before it pays',
    file: 'src/wallet/mongodb/settle-update.ts',
    guardedBy: {
      'test/contracts/wallet-repeats.ts': [
        'settled again, by this saga or another: the first receipt, nothing moves',
        'lock and allocation put back, our own field erased: the row alone forbids a second payment',
      ],
      'test/integration/settlement.test.ts':
        '100 settlements of one incarnation at once, from two processes: one payment, one receipt',
    },
    bug: 'no opId check',
    breach: 'paid 2 times',
  },
  'a-sum-taken-for-a-payment': {
    mechanism: 'a payment that the balance certainly has is not offered to be restored',
    file: 'src/wallet/audit/audit-once.ts',
    guardedBy: {
      'test/integration/audit.test.ts':
        'a stale save takes back the first of three payments of one amount: that one is offered',
    },
    bug: 'a restoration that goes by the sum alone',
    breach: 'a payment that was there was paid again, and the one that was lost after it',
  },
  'a-stored-copy-for-the-value': {
    mechanism:
      'a deletion pays the value that the bot itself answers before it is stopped, not the copy in the wallet',
    file: 'src/deletion/bot-worth.ts',
    guardedBy: {
      'test/integration/newest-answer.test.ts':
        'the stop’s answer is in the lock alone: the newest answer is paid, not the one of the log',
      'test/contracts/wallet-live-values.ts':
        'live: that is paid, whatever currentValue and the lock say',
      'test/docker/bot-value.test.ts':
        'allocation 1000/1000, its API says 400: 400 returned, P&L -600, asked before the stop',
    },
    bug: 'a stored copy for the value',
    breach: 'paid 110, and the bot was worth 40',
  },
  'release-that-asks-before-it-unlocks': {
    mechanism: 'a release removes the lock before it checks whether anything was paid',
    file: 'src/deletion/release-bot.ts',
    guardedBy: {
      'test/integration/release-bot.test.ts':
        'a late settlement at $after of the release: paid is $isPaid, and the tombstone says the same',
    },
    bug: 'a release that checks before it unlocks',
    breach: 'paid, and the tombstone was withdrawn',
  },
  'settlement-in-two-updates': {
    mechanism: 'balance, allocation and row change in one document update',
    file: 'src/wallet/mongodb/settle-update.ts',
    guardedBy: {
      'test/integration/settlement.test.ts':
        'deposits racing with 200 settlements on one wallet: conserved to the last decimal',
      'test/faults/kill-worker.test.ts':
        'refund-wallet, after the payment and before the log knew: the receipt is found, nothing is paid again',
    },
    bug: 'a settlement in two updates',
    breach: 'a reader saw one without the other',
    isPlayed: true,
  },
  'settlement-of-any-incarnation': {
    mechanism: 'the settlement pays the incarnation it was ordered for, and no other',
    file: 'src/wallet/mongodb/settle-update.ts',
    guardedBy: {
      'test/contracts/wallet-repeats.ts':
        'our lock on another incarnation: it does not make that one payable',
    },
    bug: 'a settlement of any incarnation it finds',
    breach: 'the money of another incarnation was paid',
  },
  'incarnations-known-by-the-document-alone': {
    mechanism:
      'ledger and tombstones are read for the settled incarnations of the bot, not of the operation',
    file: 'src/wallet/mongodb/bot-pasts.ts',
    guardedBy: {
      'test/contracts/wallet-past-incarnations.ts':
        'undated, its receipt forgotten and its row erased: the ledger still knows the bot was paid',
      'test/e2e/past-incarnations.test.ts':
        'its row stripped of our fields, the wallet synchronised: nothing is paid, one finding',
    },
    bug: 'an undated incarnation that only the document remembers',
    breach: 'paid 2 times',
  },
  'a-restoration-for-every-click': {
    mechanism: 'what a stale save took back is restored under one name, for any number of orders',
    file: 'src/wallet/mongodb/restore.ts',
    guardedBy: {
      'test/platform/stale-save.test.ts': [
        'one refund of 110 taken back: offered, restored once by five clicks, and the books are whole',
        'a bot of that refund has an allocation again, then not: refused, then restored',
      ],
    },
    bug: 'a restoration without a name',
    breach: 'restored 2 times',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
