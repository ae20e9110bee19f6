// What operators are shown of a saga beside its job, and what they send. A product spreads these fields like those of a job.

import { type Static, type TProperties, Type } from 'typebox';
import { VERBS } from '../operate/operators.ts';
import { TEXT_OR_NULL } from './job-schemas.ts';

/** Something readable: a reason of white space is none. */
export const ReasonSchema = Type.String({
  minLength: 1,
  maxLength: 500,
  pattern: '\\S',
  description: 'Why; it stays in the audit trail beside your name.',
});

export type SagaSummary = Static<typeof SagaSummarySchema>;
export const SUMMARY_FIELDS = {
  subject: Type.String({ description: 'Whose it is.' }),
  key: Type.String({ description: 'One open saga holds it.' }),
  version: Type.Integer(),
  requestedBy: Type.String(),
  parent: TEXT_OR_NULL,
  epoch: Type.Integer({ description: 'How often it was claimed.' }),
  ageSeconds: Type.Integer({
    description: 'Since it was accepted; of an ended one, how long it took.',
  }),
};
const AT_RISK = {
  atRisk: Type.Union([Type.Number(), Type.Null()], {
    description: 'What is locked up while it is open, in the unit of its definition.',
  }),
};
export const SagaSummarySchema = Type.Object({ ...SUMMARY_FIELDS, ...AT_RISK });

const HistoryEntrySchema = Type.Object({
  at: Type.String(),
  epoch: Type.Integer(),
  type: Type.String(),
  step: TEXT_OR_NULL,
  detail: TEXT_OR_NULL,
});

export type SagaDetail = Static<typeof SagaDetailSchema>;
export const DETAIL_FIELDS = {
  input: Type.Unknown(),
  captures: Type.Record(Type.String(), Type.Unknown()),
  history: Type.Array(HistoryEntrySchema, { description: 'The newest entries, oldest first.' }),
};
export const SagaDetailSchema = Type.Object(DETAIL_FIELDS);

export const PLAN_FIELDS = {
  verbs: Type.Array(
    Type.Object({
      verb: Type.Enum([...VERBS]),
      allowed: Type.Boolean(),
      reason: Type.Optional(Type.String()),
      does: Type.Optional(
        Type.Array(Type.String(), {
          description:
            'Step by step, if everything goes well; of resolve, what its end gives back.',
        }),
      ),
      choices: Type.Optional(
        Type.Array(Type.String(), { description: 'What `choice` may be with it; mostly nothing.' }),
      ),
    }),
  ),
  observations: Type.Array(
    Type.Object({
      step: Type.String(),
      outcome: Type.String({ description: 'landed, absent or unknown, as observed now' }),
      reason: TEXT_OR_NULL,
    }),
  ),
};

export type PlanView = Static<typeof PlanSchema>;
export const PlanSchema = Type.Object({ ...PLAN_FIELDS, ...AT_RISK });

/** Of an order's body. */
export function orderBody<P extends TProperties>(more: P) {
  return Type.Object({ reason: ReasonSchema, ...more }, { additionalProperties: false });
}

export const RETRY_FIELDS = {
  choice: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: "One of the plan's `choices`." }),
  ),
};

export const RESOLVE_FIELDS = {
  outcome: Type.Enum(['completed', 'compensated'], { description: 'What you vouch for.' }),
  evidence: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }),
};
