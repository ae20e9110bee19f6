// What is shown to whom: the product's views where it has some, the engine's own where it has none.

import { type TSchema, Type } from 'typebox';
import type { SagaRecord } from '../log/record.ts';
import type { Plan } from '../operate/plan.ts';
import type { Caller } from './access.ts';
import { JobSchema } from './job-schemas.ts';
import { jobView } from './job-view.ts';
import { PlanSchema, SagaDetailSchema, SagaSummarySchema } from './operator-schemas.ts';
import type { SagaRoutesOptions, View } from './options.ts';
import { planView, sagaDetail, sagaSummary } from './saga-view.ts';

export interface Views<C extends Caller> {
  readonly view: Shown<View<C>>;
  readonly detail: Shown<View<C>>;
  readonly plan: Shown<(plan: Plan) => unknown>;
}

interface Shown<F> {
  readonly of: F;
  readonly schema: TSchema;
}

export function viewsOf<C extends Caller>(
  options: SagaRoutesOptions<C> & { readonly nowMs: () => number },
): Views<C> {
  const { schemas = {} } = options;
  const summary = (saga: SagaRecord, { isOperator }: C) => ({
    ...jobView(saga, options),
    ...(isOperator && sagaSummary(saga, options)),
  });
  const detail = (saga: SagaRecord, caller: C) => ({
    ...summary(saga, caller),
    ...(caller.isOperator && sagaDetail(saga)),
  });
  const view = shown(options.view, schemas.view, { of: summary, schema: SUMMARY });
  const ownDetail = options.view === undefined ? { of: detail, schema: DETAIL } : view;
  return {
    view,
    detail: shown(options.detail, schemas.detail, ownDetail),
    plan: shown(options.plan, schemas.plan, { of: planView, schema: PlanSchema }),
  };
}

function shown<F>(of: F | undefined, schema: TSchema | undefined, own: Shown<F>): Shown<F> {
  if (of === undefined) return own;
  return { of, schema: schema ?? Type.Unknown() };
}

const SUMMARY = Type.Intersect([JobSchema, Type.Partial(SagaSummarySchema)]);
const DETAIL = Type.Intersect([SUMMARY, Type.Partial(SagaDetailSchema)]);
