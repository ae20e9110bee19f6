// What an administrator sees of the audit: one user's chain, or the last run over all. Decimals are text:
// JSON has only doubles.

import { Type } from 'typebox';

export const AuditQuerySchema = Type.Object(
  {
    userId: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{24}$',
        description: "A user's `_id`: audits that one now.",
      }),
    ),
    fresh: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Audits all users now, for at most 30 seconds.',
      }),
    ),
  },
  { additionalProperties: false },
);

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

const WriteOffsSchema = Type.Object({
  count: Type.Integer(),
  newest: Type.Array(
    Type.Object({
      opId: Type.String(),
      userId: Type.String(),
      botId: Type.String(),
      amountMinor: Type.Integer({ description: 'Cents that went nowhere: the account is gone.' }),
      at: Type.String(),
    }),
  ),
});

const UserAuditSchema = Type.Object({
  userId: Type.String(),
  status: Type.Enum(
    ['conserved', 'different', 'pending', 'not-ours', 'not-money', 'account-gone'],
    {
      description:
        '`pending`: it does not add up, but may be a write under way. `not-ours`: never written on.',
    },
  ),
  ingested: Type.Integer({ description: 'Rows of the platform that this audit posted.' }),
  rows: Type.Integer({ description: 'Embedded rows.' }),
  found: Type.Optional(Type.String({ description: 'What stands where the balance should.' })),
  chain: Type.Optional(Type.Object(CHAIN)),
  paidTwice: Type.Optional(
    Type.Array(Type.Object({ botId: Type.String(), opId: Type.String(), first: Type.String() }), {
      description: 'Settlements since the last checkpoint that paid an incarnation again.',
    }),
  ),
  writeOffs: WriteOffsSchema,
});

const AuditReportSchema = Type.Object({
  users: Type.Integer(),
  entries: Type.Integer(),
  ingested: Type.Integer(),
  differences: Type.Integer({ description: 'Became findings in this run.' }),
  firstDifferences: Type.Array(Type.Object({ userId: Type.String(), ...CHAIN })),
  pending: Type.Integer(),
  notMoney: Type.Integer(),
  failed: Type.Integer(),
  isComplete: Type.Boolean(),
  writeOffs: WriteOffsSchema,
  tookMs: Type.Integer(),
});

export const AuditAnswerSchema = Type.Object({
  user: Type.Optional(UserAuditSchema),
  run: Type.Optional(
    Type.Union([
      Type.Object({
        startedAt: Type.String(),
        finishedAt: Type.String(),
        ageSeconds: Type.Integer(),
        report: AuditReportSchema,
      }),
      Type.Null(),
    ]),
  ),
});
