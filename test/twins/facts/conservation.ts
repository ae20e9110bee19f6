// The twins of I11: what each has a bug in, and who guards it.

import type { TwinFacts } from '../twin-facts.ts';

export const CONSERVATION = {
  'numbers-taken-for-writes': {
    mechanism: 'a write whose number a stale save has given out again counts as a write of its own',
    file: 'src/wallet/audit/audit-pass.ts',
    guardedBy: {
      'test/integration/restorations.test.ts':
        'a bot is paid before the audit sees what the copy took back, under a number that was given out before: all of that is missing, and offered',
    },
    bug: 'an audit that knows a write by its number',
    breach: 'a refund was taken back, and the wallet counts as conserved',
  },
  'a-sequence-that-a-save-takes-back': {
    mechanism: 'a write that the ledger holds counts, whether or not the document knows of it',
    file: 'src/wallet/audit/chain.ts',
    guardedBy: {
      'test/integration/audit.test.ts':
        'a stale save of the whole document takes back a payment that came after %s: different, once, and offered',
    },
    bug: 'an audit that asks the ledger only for what the document counts',
    breach: 'a refund was taken back, and the wallet counts as conserved',
  },
  'books-behind-the-tombstone': {
    mechanism: 'an operator’s end posts what has moved, whichever saga has the tombstone by then',
    file: 'src/deletion/release-bot.ts',
    guardedBy: {
      'test/integration/release-bot.test.ts':
        'another deletion has taken its tombstone over before it is released: what it has paid is in the books all the same',
    },
    bug: 'books that wait for a tombstone',
    breach: 'what was paid is in no ledger',
  },
  'balance-added-in-doubles': {
    mechanism: 'the database adds in Decimal128; the balance keeps its old decimals',
    file: 'src/wallet/mongodb/settle-update.ts',
    guardedBy: {
      'test/contracts/wallet-settlements.ts': [
        '%s: paid to the cent',
        'any amounts: the database writes what cents in whole numbers say',
      ],
      'test/e2e/sync-fixtures.test.ts':
        'every other user: money that was lost, cents, entries that are stale or lost, no money, a ghost, no wallet',
    },
    bug: 'a balance added and rounded in JavaScript',
    breach: 'balance and ledger do not agree',
  },
  'audit-that-repairs': {
    mechanism: 'the audit reports a difference and writes no wallet',
    file: 'src/wallet/audit/audit-once.ts',
    guardedBy: {
      'test/integration/audit.test.ts':
        'a change without a row: one finding, named, and the chain goes on from what it saw',
    },
    bug: 'an audit that repairs',
    breach: 'the audit wrote a balance',
    isPlayed: true,
  },
  'checkpoint-without-its-revision': {
    mechanism: 'a checkpoint moves on from the one it was chained from',
    file: 'src/wallet/audit/mongodb/audit-checkpoints.ts',
    guardedBy: {
      'test/integration/audit.test.ts': 'two audits at once: one finding, one checkpoint',
      'test/integration/audit-under-load.full.test.ts':
        'deposits and settlements hammering on one wallet: every audit adds up, from checkpoint to checkpoint',
    },
    bug: 'a checkpoint that goes back',
    breach: 'one change became two findings',
  },
} as const satisfies Readonly<Record<string, TwinFacts>>;
