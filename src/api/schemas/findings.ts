// What a person should check, and what an administrator decided about it.

import { ReasonSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { FINDING_KINDS } from '../../findings/findings.ts';

const FindingKindSchema = Type.Enum([...FINDING_KINDS]);
const ActionSchema = Type.Enum(['remove', 'accept-as-new', 'restore', 'acknowledge'], {
  description:
    'For `resurrected`: `remove` takes the allocation away unpaid, `accept-as-new` makes it a new incarnation that may be paid once. For an `unrecorded-change` whose evidence names `undone` settlements: `restore` pays in exactly what a stale save took back, once. For every other kind, and these: `acknowledge`.',
});

const ResolutionSchema = Type.Object({
  action: ActionSchema,
  reason: Type.String(),
  by: Type.String(),
  at: Type.String(),
});

export type FindingView = Static<typeof FindingSchema>;
export const FindingSchema = Type.Object({
  id: Type.String(),
  kind: FindingKindSchema,
  userId: Type.String(),
  instanceId: Type.Union([Type.String(), Type.Null()]),
  discriminator: Type.String({
    description: 'For `resurrected`: the incarnation that was settled.',
  }),
  evidence: Type.Record(Type.String(), Type.Unknown()),
  status: Type.Enum(['open', 'resolved']),
  observed: Type.Integer({ description: 'How often it was observed.' }),
  firstObservedAt: Type.String(),
  lastObservedAt: Type.String(),
  resolution: Type.Union([ResolutionSchema, Type.Null()]),
  earlier: Type.Array(ResolutionSchema, {
    description: 'Decisions from before it came back, oldest first.',
  }),
});

export const FindingsSchema = Type.Object({ findings: Type.Array(FindingSchema) });

export const DEFAULT_FINDINGS = 50;

export const FindingsQuerySchema = Type.Object(
  {
    userId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{24}$' })),
    kind: Type.Optional(FindingKindSchema),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: DEFAULT_FINDINGS })),
  },
  { additionalProperties: false },
);

export const FindingParamsSchema = Type.Object({
  id: Type.String({ pattern: '^fnd-[0-9a-z]{1,60}$' }),
});

export const ResolveFindingSchema = Type.Object(
  { action: ActionSchema, reason: ReasonSchema },
  { additionalProperties: false },
);
