// The twins of I11: what each has a bug in, who guards it, and how it is caught.

import { at, type TwinFacts } from '../twin-facts.ts';

export const CONSERVATION = [
  {
    name: 'balance-added-in-doubles',
    invariant: 'I11',
    mechanism: {
      what: 'the database adds in Decimal128; the balance keeps its old decimals',
      file: 'src/wallet/mongodb/settle-update.ts',
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
      file: 'src/wallet/audit/audit-once.ts',
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
      file: 'src/wallet/audit/mongodb/audit-checkpoints.ts',
    },
    guardedBy: [
      at('integration/audit.test.ts', 'two audits at once: one finding, one checkpoint'),
      at(
        'integration/audit-under-load.full.test.ts',
        'deposits and settlements hammering on one wallet: every audit adds up, from checkpoint to checkpoint',
      ),
    ],
    title: 'a checkpoint that goes back: one change is reported twice, and caught',
    breach: 'one change became two findings',
  },
] as const satisfies readonly TwinFacts[];
