// Sagas as operators see them: what a job shows, and beside it who holds what, how much money waits, and every entry
// of the history.

import { type Static, Type } from 'typebox';
import { STOP_BOT } from '../../deletion/steps/stop-unpaid.ts';
import { SOURCES } from '../../operations/beliefs.ts';
import { AdminReasonSchema } from './admin.ts';
import { JobSchema, JobStateSchema, PageQuery } from './job.ts';

const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);

const SagaFields = {
  subject: Type.String({ description: 'Whose it is: a user `_id`.' }),
  key: Type.String({ description: 'One open saga holds it.' }),
  version: Type.Integer(),
  requestedBy: Type.String(),
  parent: TEXT_OR_NULL,
  epoch: Type.Integer({ description: 'How often it was claimed.' }),
  ageSeconds: Type.Integer({
    description: 'Since it was accepted; of an ended one, how long it took.',
  }),
  moneyAtRiskMinor: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Cents that are locked up while it is open.',
  }),
};

export type SagaSummary = Static<typeof SagaSummarySchema>;
const SagaSummarySchema = Type.Intersect([JobSchema, Type.Object(SagaFields)]);

export type HistoryView = Static<typeof HistoryEntrySchema>;
const HistoryEntrySchema = Type.Object({
  at: Type.String(),
  epoch: Type.Integer(),
  type: Type.String(),
  step: TEXT_OR_NULL,
  detail: TEXT_OR_NULL,
});

export type SagaDetail = Static<typeof SagaDetailSchema>;
export const SagaDetailSchema = Type.Intersect([
  SagaSummarySchema,
  Type.Object({
    queue: Type.String({ description: 'Where its job is, under its own id.' }),
    input: Type.Unknown(),
    captures: Type.Record(Type.String(), Type.Unknown()),
    history: Type.Array(HistoryEntrySchema, { description: 'The newest entries, oldest first.' }),
  }),
]);

export const SagaListQuerySchema = Type.Object(
  {
    ...PageQuery,
    state: Type.Optional(JobStateSchema),
    kind: Type.Optional(Type.String({ maxLength: 64, pattern: '^[a-z-]+$' })),
    subject: Type.Optional(Type.String({ maxLength: 64, pattern: '^[0-9a-z]+$' })),
    q: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        pattern: '\\S',
        description: 'Exactly: a saga, a bot, or a user by `_id` or firebaseUid.',
      }),
    ),
    order: Type.Optional(
      Type.Enum(['newest', 'urgency'], {
        description: 'urgency: stuck, compensating, under way, then ended; newest first in each.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const SagaListSchema = Type.Object({
  sagas: Type.Array(SagaSummarySchema),
  nextCursor: TEXT_OR_NULL,
});

export const SagaParamsSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
});

const VerbSchema = Type.Union([
  Type.Literal('retry'),
  Type.Literal('compensate'),
  Type.Literal('skip'),
  Type.Literal('resolve'),
]);

export type PlanView = Static<typeof PlanSchema>;
export const PlanSchema = Type.Object({
  verbs: Type.Array(
    Type.Object({
      verb: VerbSchema,
      allowed: Type.Boolean(),
      reason: Type.Optional(Type.String()),
      does: Type.Optional(
        Type.Array(Type.String(), { description: 'Step by step, if everything goes well.' }),
      ),
      choices: Type.Optional(
        Type.Array(Type.String(), { description: 'What `choice` may be with it; mostly nothing.' }),
      ),
    }),
  ),
  observations: Type.Array(
    Type.Object({
      step: Type.String(),
      outcome: Type.String({ description: 'landed, absent or unknown, asked of the world now' }),
      reason: TEXT_OR_NULL,
    }),
  ),
  moneyAtRiskMinor: Type.Union([Type.Integer(), Type.Null()]),
});

export type WorldView = Static<typeof WorldSchema>;
export const WorldSchema = Type.Object({
  at: Type.String(),
  bot: Type.Union([
    Type.Object({ userId: Type.String(), firebaseUid: TEXT_OR_NULL, instanceId: Type.String() }),
    Type.Null(),
  ]),
  sources: Type.Array(
    Type.Object({
      source: Type.Enum([...SOURCES]),
      status: Type.Enum(['present', 'absent', 'unknown']),
      says: Type.String({ description: 'In words; of an unknown one why.' }),
      believed: TEXT_OR_NULL,
      tookMs: Type.Integer(),
    }),
  ),
});

export const OrderBodySchema = Type.Object(
  { reason: AdminReasonSchema },
  { additionalProperties: false },
);

export const RetryBodySchema = Type.Object(
  {
    reason: AdminReasonSchema,
    choice: Type.Optional(
      Type.Enum([STOP_BOT], {
        description:
          'stop-bot: of a deletion that is stuck on a number that is not money. Its bot is stopped, allocation and balance stay as they are, and it is stuck again, as `NOT_MONEY_BOT_STOPPED`. A cancel starts the bot again.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const ResolveBodySchema = Type.Object(
  {
    reason: AdminReasonSchema,
    outcome: Type.Union([Type.Literal('completed'), Type.Literal('compensated')], {
      description: 'What you vouch for.',
    }),
    evidence: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }),
  },
  { additionalProperties: false },
);
