// What an audit reports: one user's chain, or a run over all, which is stored with it. Administrators are given both as
// they stand here. Decimals are text, because JSON has only doubles.

import { type Static, Type } from 'typebox';

const CHAIN = {
  since: Type.Union([Type.String(), Type.Null()], {
    description: 'The last checkpoint; null: from the opening.',
  }),
  start: Type.String(),
  entries: Type.Integer(),
  sum: Type.String(),
  expected: Type.String(),
  found: Type.String(),
  difference: Type.String({
    description: 'Found less expected; `0` when everything is conserved.',
  }),
  /** The change lies between these two entries. */
  after: Type.Union([Type.String(), Type.Null()], {
    description: 'The last entry whose stated balance agrees.',
  }),
  before: Type.Union([Type.String(), Type.Null()], {
    description: 'The first entry from which on the balances no longer agree.',
  }),
  unposted: Type.Integer({ description: 'Own entries that the ledger does not hold yet.' }),
  missing: Type.Array(Type.Integer(), {
    description: 'Sequence numbers that nothing is known of.',
  }),
};
export const CHAIN_REPORT = Type.Object(CHAIN);
export type ChainReport = Static<typeof CHAIN_REPORT>;

export type PaidTwice = Static<typeof PAID_TWICE>;
/** The settlement that paid an incarnation again, and the one that had paid it. */
export const PAID_TWICE = Type.Object({
  botId: Type.String(),
  opId: Type.String(),
  first: Type.String(),
});

const WRITE_OFF = Type.Object({
  opId: Type.String(),
  userId: Type.String(),
  botId: Type.String(),
  amountMinor: Type.Integer({ description: 'Cents that went nowhere: the account is gone.' }),
  at: Type.String(),
});
export type WriteOff = Static<typeof WRITE_OFF>;

export type WriteOffs = Static<typeof WRITE_OFFS>;
export const WRITE_OFFS = Type.Object({ count: Type.Integer(), newest: Type.Array(WRITE_OFF) });

/** Of a run over all users. */
export type AuditReport = Static<typeof AUDIT_REPORT>;
const AUDIT_REPORT = Type.Object({
  users: Type.Integer(),
  /** Summed since the checkpoints before. */
  entries: Type.Integer(),
  /** Rows of the platform posted to the ledger. */
  ingested: Type.Integer(),
  differences: Type.Integer({ description: 'Became findings in this run.' }),
  firstDifferences: Type.Array(Type.Object({ userId: Type.String(), ...CHAIN })),
  /** Users that do not add up and may still be written at; whose balance is no number; whose audit failed. */
  pending: Type.Integer(),
  notMoney: Type.Integer(),
  failed: Type.Integer(),
  /** False: it was stopped before it had checked all users. */
  isComplete: Type.Boolean(),
  writeOffs: WRITE_OFFS,
  tookMs: Type.Integer(),
});

/** Moments are ISO 8601, database time. */
export type StoredAuditRun = Static<typeof AUDIT_RUN>;
export const AUDIT_RUN = Type.Object({
  startedAt: Type.String(),
  finishedAt: Type.String(),
  ageSeconds: Type.Integer(),
  report: AUDIT_REPORT,
});
