// Sagas as operators see them: what a job shows, and beside it who holds what, how much money waits, and every entry
// of the history.

import { DETAIL_FIELDS, orderBody, PLAN_FIELDS, SUMMARY_FIELDS } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { STOP_BOT } from '../../deletion/steps/stop-unpaid.ts';
import { JobSchema } from './job.ts';

const MONEY_AT_RISK = {
  moneyAtRiskMinor: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Cents that are locked up while it is open.',
  }),
};

export type SagaSummary = Static<typeof SagaSummarySchema>;
export const SagaSummarySchema = Type.Intersect([
  JobSchema,
  Type.Object({ ...SUMMARY_FIELDS, ...MONEY_AT_RISK }),
]);

export type HistoryView = SagaDetail['history'][number];
export type SagaDetail = Static<typeof SagaDetailSchema>;
export const SagaDetailSchema = Type.Intersect([
  SagaSummarySchema,
  Type.Object({
    ...DETAIL_FIELDS,
    queue: Type.String({ description: 'Where its job is, under its own id.' }),
  }),
]);

export type PlanView = Static<typeof PlanSchema>;
export const PlanSchema = Type.Object({ ...PLAN_FIELDS, ...MONEY_AT_RISK });

export const RetryBodySchema = orderBody({
  choice: Type.Optional(
    Type.Enum([STOP_BOT], {
      description:
        'stop-bot: of a deletion that is stuck on a number that is not money. Its bot is stopped, allocation and balance stay as they are, and it is stuck again, as `NOT_MONEY_BOT_STOPPED`. A cancel starts the bot again.',
    }),
  ),
});
