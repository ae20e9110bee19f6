// What a person should check, and what an administrator decided about it.

import { ReasonSchema } from '@reclaim/saga/fastify';
import { Type } from 'typebox';
import { RECORDED_FINDING, RESOLVE_ACTION } from '../../findings/findings.ts';

export const FindingsSchema = Type.Object({ findings: Type.Array(RECORDED_FINDING) });

export const DEFAULT_FINDINGS = 50;

export const FindingsQuerySchema = Type.Object(
  {
    userId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{24}$' })),
    kind: Type.Optional(RECORDED_FINDING.properties.kind),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: DEFAULT_FINDINGS })),
  },
  { additionalProperties: false },
);

export const FindingParamsSchema = Type.Object({
  id: Type.String({ pattern: '^fnd-[0-9a-z]{1,60}$' }),
});

export const ResolveFindingSchema = Type.Object(
  { action: RESOLVE_ACTION, reason: ReasonSchema },
  { additionalProperties: false },
);
