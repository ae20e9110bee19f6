// What an administrator sees of the audit: one user's chain, or the last run over all.

import { Type } from 'typebox';
import {
  AUDIT_RUN,
  CHAIN_REPORT,
  PAID_TWICE,
  WRITE_OFFS,
} from '../../wallet/audit/audit-report.ts';

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
  chain: Type.Optional(CHAIN_REPORT),
  paidTwice: Type.Optional(
    Type.Array(PAID_TWICE, {
      description: 'Settlements since the last checkpoint that paid an incarnation again.',
    }),
  ),
  writeOffs: WRITE_OFFS,
});

export const AuditAnswerSchema = Type.Object({
  user: Type.Optional(UserAuditSchema),
  run: Type.Optional(Type.Union([AUDIT_RUN, Type.Null()])),
});
