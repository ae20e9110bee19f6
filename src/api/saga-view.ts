// What an operator is shown of a saga: the job, and what only operators may know. Money is named as such.

import type { Plan, SagaRecord } from '@reclaim/saga';
import { planView, sagaDetail, sagaSummary } from '@reclaim/saga/fastify';
import type { ApiDependencies } from './dependencies.ts';
import { botJob, type JobDependencies } from './job-view.ts';
import type { PlanView, SagaDetail, SagaSummary } from './schemas/sagas.ts';

type ViewDependencies = JobDependencies & Pick<ApiDependencies, 'sagas'>;

export function sagaWithSummary(saga: SagaRecord, deps: ViewDependencies): SagaSummary {
  const options = { sagas: deps.sagas, nowMs: () => deps.now().getTime() };
  const { atRisk: moneyAtRiskMinor, ...summary } = sagaSummary(saga, options);
  return { ...botJob(saga, deps, 'operator'), ...summary, moneyAtRiskMinor };
}

export function sagaWithDetail(
  saga: SagaRecord,
  deps: ViewDependencies & Pick<ApiDependencies, 'queueOf'>,
): SagaDetail {
  return {
    ...sagaWithSummary(saga, deps),
    ...sagaDetail(saga),
    queue: deps.queueOf(saga.kind),
  };
}

export function sagaPlan(plan: Plan): PlanView {
  const { atRisk: moneyAtRiskMinor, ...view } = planView(plan);
  return { ...view, moneyAtRiskMinor };
}
