// What is shown to whom: the product's views where it has some, the engine's own where it has none.

import { type TSchema, Type } from 'typebox';
import type { SagaRecord } from '../log/record.ts';
import type { Plan } from '../operate/plan.ts';
import type { Sagas } from '../sagas.ts';
import type { Caller } from './access.ts';
import { JobSchema } from './job-schemas.ts';
import { jobView } from './job-view.ts';
import {
  PlanSchema,
  type PlanView,
  type SagaDetail,
  SagaDetailSchema,
  type SagaSummary,
  SagaSummarySchema,
} from './operator-schemas.ts';
import type { SagaRoutesOptions, View } from './options.ts';

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

export interface SagaViewOptions {
  readonly sagas: Pick<Sagas, 'atRisk'>;
  readonly nowMs?: (() => number) | undefined;
}

/** What an operator is shown of a saga beside its job: who ordered it, what it holds. */
export function sagaSummary(saga: SagaRecord, options: SagaViewOptions): SagaSummary {
  const { subject, key, version, requestedBy, parent, epoch, createdAt, finishedAt, open } = saga;
  const { sagas, nowMs = Date.now } = options;
  const untilMs = finishedAt === null ? nowMs() : Date.parse(finishedAt);
  return {
    ...{ subject, key, version, requestedBy, parent, epoch },
    ageSeconds: Math.max(0, Math.round((untilMs - Date.parse(createdAt)) / 1_000)),
    atRisk: open ? sagas.atRisk(saga) : null,
  };
}

/** Beside both, all that the log has. */
export function sagaDetail({ input, state, history }: SagaRecord): SagaDetail {
  const captures = state.steps.flatMap(({ name, capture }) =>
    capture === null ? [] : [[name, capture] as const],
  );
  return {
    input,
    captures: Object.fromEntries(captures),
    history: history.map(({ writeId: _, ...entry }) => entry),
  };
}

export function planView({ verbs, observations, atRisk }: Plan): PlanView {
  return {
    verbs: verbs.map((planned) =>
      planned.isAllowed
        ? {
            ...{ verb: planned.verb, allowed: true, does: [...planned.does] },
            ...(planned.choices.length > 0 && { choices: [...planned.choices] }),
          }
        : { verb: planned.verb, allowed: false, reason: planned.reason },
    ),
    observations: [...observations],
    atRisk,
  };
}
